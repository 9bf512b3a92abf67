import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { MODES, openPeopleLake } from './src/checkpoints/people-lake.ts';

// Makes the tables of packages/core/test/commit/checkpoint-tables: lance-offload writes them, Spark writes their checkpoints and removes the
// entries before them. It is run by hand, where a new kind of checkpoint is to be read: `node scripts/with-node.mjs interop/make-checkpoints.ts`.
// Spark (PyPI) and Delta (Maven) take 500 MB and Java 17.

const SPARK = 'pyspark==4.0.1';
const JARS = [
  'io.delta:delta-spark_2.13:4.0.0',
  'io.delta:delta-storage:4.0.0',
  'org.antlr:antlr4-runtime:4.13.1',
];
const KINDS = ['classic', 'multi-part', 'v2-parquet', 'v2-json', 'v2-classic'];

function run(command: string, args: readonly string[], cwd?: string): void {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', ...(cwd !== undefined && { cwd }) });
  if (error) throw error;
  if (status !== 0) throw new Error(`"${command} ${args.join(' ')}" exited with ${String(status)}`);
}

/** Spark in an environment of its own, and a folder of Delta's jars. */
function installSpark(folder: string): { python: string; jars: string } {
  const [environment, jars] = [path.join(folder, 'spark'), path.join(folder, 'jars')];
  const python = path.join(environment, 'bin', 'python');
  if (existsSync(jars)) return { python, jars };
  run('python3', ['-m', 'venv', '--clear', environment]);
  run(python, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', SPARK]);
  for (const jar of JARS)
    run('mvn', ['-q', '-B', 'dependency:copy', `-Dartifact=${jar}`, `-DoutputDirectory=${jars}`]);
  return { python, jars };
}

/** Three runs: rows that stay, that are replaced once and twice, and that come late. */
async function makeLake(folder: string): Promise<string> {
  const tables = Object.fromEntries(Object.keys(MODES).map((mode) => [mode, mode as keyof typeof MODES]));
  const lake = await openPeopleLake(folder, tables);
  try {
    await lake.offload([1, 2, 3, 4].map((id) => [id, 1]));
    await lake.offload([
      [2, 2],
      [3, 2],
      [5, 2],
    ]);
    await lake.offload([
      [3, 3],
      [6, 3],
    ]);
  } finally {
    lake.close();
  }
  return path.join(folder, 'lake');
}

async function main(): Promise<void> {
  const root = path.resolve(import.meta.dirname, '..');
  const work = path.join(root, '.interop', 'checkpoints');
  const to = path.join(root, 'packages', 'core', 'test', 'commit', 'checkpoint-tables');
  const { python, jars } = installSpark(path.join(root, '.interop'));
  const lake = await makeLake(path.join(work, 'made'));
  mkdirSync(to, { recursive: true });
  const script = path.join(import.meta.dirname, 'src', 'checkpoints', 'spark_checkpoints.py');
  for (const kind of KINDS) {
    const copy = path.join(work, kind);
    rmSync(copy, { recursive: true, force: true });
    cpSync(path.join(lake, 'tables'), path.join(copy, 'tables'), { recursive: true });
    const tables = Object.keys(MODES).map((mode) => path.join(copy, 'tables', mode));
    run(python, [script, jars, kind, ...tables]);
    for (const table of tables) rmSync(path.join(table, '_offload'), { recursive: true, force: true });
    run(
      'tar',
      ['--sort=name', '--owner=0', '--group=0', '-czf', path.join(to, `${kind}.tar.gz`), 'tables'],
      copy,
    );
  }
}

await main();
