import { existsSync } from 'node:fs';
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { commitRun, FORMAT_VERSION, openLake, type RunPlan, type Staging } from '../merge/core.ts';
import { planFilling, stageRun } from '../merge/stage-run.ts';

/** How many tables a lake has, and how many commits each of them. */
export interface LakeSize {
  readonly tables: number;
  readonly commits: number;
}

type Opening = Parameters<Staging['claimOpening']>[0];

export const TABLE = 'documents';
export const ROWS = 25;
const SIZE = { rows: ROWS, dimensions: 8, ingestionType: 'SCD_TYPE_1' } as const;

/** Of how many runs housekeeping leaves more than the report. */
const KEPT_RUNS = 100;
const EVERY_MS = 3_600_000;

/** Links that are made at once. */
const AT_ONCE = 64;

/** Runs of the tables beside the measured one whose plans and reports are there: `status` shows so many of the whole lake. */
const SHOWN_RUNS = 20;

const siblingName = (index: number): string => `table_${String(index).padStart(3, '0')}`;

/** A run id as they are, one for each version. */
function runIdOf(version: number): string {
  const hours = String(Math.floor(version / 3600) % 24).padStart(2, '0');
  const time = String((Math.floor(version / 60) % 60) * 100 + (version % 60)).padStart(4, '0');
  return `${TABLE}-20261122T${hours}${time}Z-${version.toString(16).padStart(4, '0')}`;
}

function openingOf(version: number, table: string): Opening {
  const runId = runIdOf(version);
  const job = { runId, table, destination: table, source: 'http://127.0.0.1:1', startedAtMs: 1 };
  return {
    formatVersion: FORMAT_VERSION,
    number: version + 1,
    runId,
    job: { payloadVersion: 3, ...job, options: {}, full: false, sweepDeletes: false },
    fleet: 'bench',
    attempt: 'bench',
    openedAtMs: 1,
  };
}

/** Stages the run that becomes a version: all 25 rows have changed since the one before. */
export async function stageNext(staging: Staging, version: number, revision: number): Promise<RunPlan> {
  const plan = { ...planFilling(SIZE), runId: runIdOf(version), sourceVersion: 10 + version };
  await staging.claimOpening(openingOf(version, TABLE));
  const ids = Array.from({ length: ROWS }, (_, id) => id);
  await stageRun(plan, () => ({ dimensions: 8, ids, revision, firstRowId: revision * ROWS }), staging);
  return plan;
}

async function commitNext(staging: Staging, version: number, revision: number): Promise<void> {
  const plan = await stageNext(staging, version, revision);
  const { verified, rows } = await commitRun(plan, staging);
  if (verified && rows.inserted + rows.updated === ROWS) return;
  throw new Error(`version ${version} is not what it should be: ${JSON.stringify(rows)}`);
}

const entryName = (version: number): string => `${String(version).padStart(20, '0')}.json`;

/** What a run has left, as text in which its id, its version and its time can be replaced. */
interface Template {
  readonly runId: string;
  /** The run whose file its commit has removed. */
  readonly before: string;
  readonly file: string;
  readonly texts: Readonly<Record<'entry' | 'plan' | 'report' | 'decision', string>>;
}

async function readTemplate(folder: string): Promise<Template> {
  const [before, runId] = [runIdOf(0), runIdOf(1)];
  const [page = ''] = await readdir(path.join(folder, 'data', runId));
  const read = async (name: string) => readFile(path.join(folder, name), 'utf8');
  return {
    runId,
    before,
    file: path.join(folder, 'data', runId, page),
    texts: {
      entry: await read(`_delta_log/${entryName(1)}`),
      plan: await read(`_offload/${runId}/plan.json`),
      report: await read(`_offload/${runId}/report.json`),
      decision: await read(`_offload/${runId}/decision.json`),
    },
  };
}

/** Writes a version as its run and commit would have left it, after housekeeping. */
async function writeVersion(
  folder: string,
  template: Template,
  version: number,
  { atMs, isRecent }: { readonly atMs: number; readonly isRecent: boolean },
): Promise<void> {
  const [runId, before] = [runIdOf(version), runIdOf(version - 1)];
  const texts = (name: keyof Template['texts']) =>
    template.texts[name]
      .replaceAll(template.before, '\0')
      .replaceAll(template.runId, runId)
      .replaceAll('\0', before)
      .replace(/"deltaVersion": 1\b/, `"deltaVersion": ${version}`)
      .replaceAll(/"(timestamp|deletionTimestamp|modificationTime|lastUpdated)":\d+/g, `"$1":${atMs}`);
  const run = path.join(folder, '_offload', runId);
  await mkdir(run);
  await mkdir(path.join(folder, 'data', runId));
  await link(template.file, path.join(folder, 'data', runId, path.basename(template.file)));
  await writeFile(path.join(run, 'report.json'), texts('report'));
  if (isRecent) {
    await writeFile(path.join(run, 'plan.json'), texts('plan'));
    await writeFile(path.join(run, 'decision.json'), texts('decision'));
  }
  await writeFile(path.join(folder, '_delta_log', entryName(version)), texts('entry'));
}

/** A table like the first one: its log and its newest runs, by hard links, and openings of its own. */
async function copyTable(staging: Staging, name: string, commits: number): Promise<void> {
  const [from, to] = [TABLE, name].map((table) => staging.table(table).locate(''));
  if (from === undefined || to === undefined) return;
  const linkAll = async (folder: string) => {
    await mkdir(path.join(to, folder), { recursive: true });
    const entries = await readdir(path.join(from, folder), { withFileTypes: true });
    const files = entries.flatMap((entry) => (entry.isFile() ? [path.join(folder, entry.name)] : []));
    for (let start = 0; start < files.length; start += AT_ONCE)
      await Promise.all(
        files.slice(start, start + AT_ONCE).map((file) => link(path.join(from, file), path.join(to, file))),
      );
  };
  await linkAll('_delta_log');
  await linkAll(`data/${runIdOf(commits)}`);
  await staging.store.put(staging.keys.viewMark(name, commits), '\n');
  for (let version = Math.max(0, commits - KEPT_RUNS + 1); version <= commits; version++) {
    if (version > commits - SHOWN_RUNS) await linkAll(`_offload/${runIdOf(version)}`);
    const file = staging.store.locate(staging.keys.opening(name, version + 1));
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify(openingOf(version, name)));
  }
}

/**
 * A lake whose tables have all had so many commits, one every hour up to now: each of 25 rows, all of which replace those before. The
 * first commits and the last one are real; the others are written as such a run leaves them. Kept from one time to the next.
 */
export async function makePastLake(folder: string, { tables, commits }: LakeSize): Promise<void> {
  const marker = `${folder}.complete`;
  if (existsSync(marker)) return;
  await rm(folder, { recursive: true, force: true });
  const staging = openLake(folder);
  await commitNext(staging, 0, 0);
  await commitNext(staging, 1, 1);
  const place = staging.table(TABLE).locate('');
  const template = await readTemplate(place);
  const nowMs = Date.now();
  for (let version = 2; version < commits; version++) {
    const isRecent = version > commits - KEPT_RUNS;
    await writeVersion(place, template, version, { atMs: nowMs - (commits - version) * EVERY_MS, isRecent });
    if (isRecent) await staging.claimOpening(openingOf(version, TABLE));
  }
  for (const past of [0, 1])
    if (past <= commits - KEPT_RUNS) await staging.store.delete([staging.keys.opening(TABLE, past + 1)]);
  await commitNext(staging, commits, 2); // writes the checkpoint
  for (let index = 1; index < tables; index++) await copyTable(staging, siblingName(index), commits);
  await rm(path.join(folder, 'lake.duckdb'));
  await commitNext(staging, commits + 1, 3); // makes the views of all tables
  await writeFile(marker, String(commits + 1));
}
