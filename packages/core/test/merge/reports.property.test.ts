import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { randomRuns, sized } from '../../../base/test/soak.ts';
import { feedRun, shuffled, withLake } from './feeds.ts';
import { lakeQuery, offload } from './people.ts';

const FEEDS = sized(4, 200);

for (const ingestionType of ['SCD_TYPE_1', 'SCD_TYPE_2'] as const)
  for (const sequenceBy of ['seq', null])
    test(
      `${FEEDS} random feeds under ${ingestionType}, by ${sequenceBy ?? 'the source version'}: every report is verified, accounts for each row that was read, and no version is empty`,
      async () => {
        await fc.assert(
          fc.asyncProperty(fc.array(feedRun, { minLength: 1, maxLength: 6 }), (feed) =>
            withLake(async (staging) => {
              for (const { rows, deletes, keys, rowsPerPage, salt } of feed) {
                const swept = [...new Set([...keys, ...rows.map(({ id }) => id)])].map((id) => ({ id }));
                const changes = { ingestionType, sequenceBy, deletes, rowsPerPage };
                const report = await offload(staging, shuffled(rows, salt), changes, { swept });
                expect(report.verified).toBe(true);
                const { inserted, updated, unchanged, late, superseded } = report.rows;
                expect(inserted + updated + unchanged + late + superseded).toBe(rows.length);
              }
              if (ingestionType === 'SCD_TYPE_1') return;
              expect(await lakeQuery(staging, 'FROM documents WHERE __END_AT <= __START_AT')).toEqual([]);
            }),
          ),
          randomRuns(FEEDS, FEEDS),
        );
      },
      sized(600_000, 4 * 3_600_000),
    );
