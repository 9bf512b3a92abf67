import { expect } from 'vitest';
import { appendEntry, readLog, type Store } from '@lance-offload/delta';
import { endOfRun, entryOfRun } from '../../src/commit/commit-actions.ts';
import { commitRun } from '../../src/commit/commit-run.ts';
import { Staging } from '../../src/stage/staging.ts';
import { expectRejection } from '../../../base/test/expect-code.ts';
import { planOf, stageRun, test } from '../lake-fixture.ts';

const SECOND = { runId: 'documents-20261125T101500Z-7f3a', sourceVersion: 9 };

/** Commits a run while another writer takes so many versions, each just before the run's own try. */
async function commitAgainst(conflicts: number, staging: Staging) {
  const first = planOf();
  await stageRun(first, staging);
  await commitRun(first, staging);
  const plan = planOf(SECOND);
  await stageRun(plan, staging);
  const table = staging.table('documents');
  let lost = 0;
  const committed = commitRun(plan, staging, async (step) => {
    if (step !== 'decided' || lost === conflicts) return;
    lost += 1;
    await appendEntry(table, (await readLog(table)).length, [{ commitInfo: { operation: 'OTHER' } }]);
  });
  return { plan, table, committed };
}

for (const conflicts of [1, 19])
  test(`a commit that wins after ${conflicts} of other writers have come before it is published, once and as such`, async ({
    staging,
  }) => {
    const { plan, table, committed } = await commitAgainst(conflicts, staging);
    expect(await committed).toMatchObject({ state: 'published', verified: true, lakeRows: 25 });
    const log = await readLog(table);
    expect(log.filter((entry) => entryOfRun(entry, plan.runId))).toHaveLength(1);
    expect(log).toHaveLength(1 + conflicts + 1);
  });

test('a commit that loses one race after the other ends as a conflict, with nothing published, and can be made again', async ({
  staging,
}) => {
  const { plan, table, committed } = await commitAgainst(20, staging);
  await expectRejection(committed, 'LAKE_CONFLICT', /was taken by another writer/);
  expect(await endOfRun(table, plan.runId)).toBeUndefined();
  expect(await commitRun(plan, staging)).toMatchObject({ state: 'published', verified: true, lakeRows: 25 });
});

/** A store that creates the log's entries and says that it did not: as one whose answer was lost, and was asked again. */
function forgetful(store: Store): Store {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      if (name !== 'putIfAbsent') return member.bind(target);
      return async (...args: Parameters<Store['putIfAbsent']>) =>
        (await target.putIfAbsent(...args)) && !args[0].includes('/_delta_log/');
    },
  });
}

test('a commit that is told it lost, and has won, finds its own entry in the log', async ({ staging }) => {
  const plan = planOf();
  await stageRun(plan, staging);
  const report = await commitRun(plan, new Staging(forgetful(staging.store)));
  expect(report).toMatchObject({ state: 'published', verified: true, lakeRows: 25, deltaVersion: 0 });
  expect(await readLog(staging.table('documents'))).toHaveLength(1);
});
