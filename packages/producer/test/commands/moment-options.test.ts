import { Command, CommanderError } from 'commander';
import { expect, test } from 'vitest';
import {
  momentOf,
  momentOptions,
  parseTimestamp,
  type Moment,
  type MomentOptions,
} from '../../src/commands/moment-options.ts';
import { ProgramCommand } from '../../src/program-command.ts';

/** What `lance-offload …` makes of a command line: a query's moment, or why commander ended it. */
function read(...args: string[]): {
  sql?: string;
  moment?: Moment | undefined;
  ended?: string;
  said: string;
} {
  let found: { sql: string; moment: Moment | undefined } | undefined;
  let said = '';
  const output = { writeOut: (text: string) => (said += text), writeErr: (text: string) => (said += text) };
  const program = new ProgramCommand('lance-offload')
    .version('9.9.9')
    .option('--config <file>')
    .exitOverride();
  program.configureOutput(output);
  const query = new Command('query')
    .argument('<sql>')
    .option('--json')
    .exitOverride()
    .configureOutput(output);
  for (const option of momentOptions()) query.addOption(option);
  query.action((sql: string) => void (found = { sql, moment: momentOf(query.opts<MomentOptions>()) }));
  program.addCommand(query);
  program.addCommand(new Command('run').exitOverride().configureOutput(output));
  try {
    program.parse(['node', 'lance-offload', ...args]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { ended: error.code, said };
  }
  return { ...found, said };
}

test('without options a query reads the latest versions', () => {
  expect(read('query', 'SELECT 1')).toEqual({ sql: 'SELECT 1', moment: undefined, said: '' });
});

test('one number is the version of all tables, named ones are those of theirs, wherever the options stand', () => {
  expect(read('query', '--version', '3', 'SELECT 1')).toMatchObject({
    sql: 'SELECT 1',
    moment: { version: 3 },
  });
  expect(read('--config', 'x', 'query', 'SELECT 1', '--version=0', '--json').moment).toEqual({ version: 0 });
  const versions = new Map([
    ['people', 3],
    ['a=b', 0],
  ]);
  expect(read('query', '--version', 'people=3', 'SELECT 1', '--version', 'a=b=0')).toMatchObject({
    sql: 'SELECT 1',
    moment: { versions },
  });
});

test('a date is its start in UTC, an instant itself', () => {
  expect(read('query', 'x', '--timestamp', '2026-11-22').moment).toEqual({
    timestampMs: Date.UTC(2026, 10, 22),
  });
  expect(parseTimestamp('2026-11-22T10:15Z')).toBe(Date.UTC(2026, 10, 22, 10, 15));
  expect(parseTimestamp('2026-11-22T10:15:00.123456+02:00')).toBe(Date.UTC(2026, 10, 22, 8, 15, 0, 123));
});

test.for(['-1', '1.5', 'three', '', 'people=', 'people=x', '=3', '99999999999999999999'])(
  '--version "%s" is wrong usage',
  (text) => {
    const { ended, said } = read('query', 'x', '--version', text);
    expect(ended).toBe('commander.invalidArgument');
    expect(said).toContain('whole number from 0');
  },
);

test.for([
  [['1', '2'], 'beside others'],
  [['1', 'people=2'], 'beside others'],
  [['people=2', '1'], 'beside others'],
  [['people=2', 'people=3'], 'named twice'],
] as const)('--version %j contradicts itself', ([values, reason]) => {
  const { ended, said } = read('query', 'x', ...values.flatMap((value) => ['--version', value]));
  expect(ended).toBe('commander.invalidArgument');
  expect(said).toContain(reason);
});

test.for([
  'yesterday',
  '2026-02-30',
  '2026-13-01',
  '2026-11-22T10:15:00',
  '2026-11-22T25:00:00Z',
  '22.11.2026',
  '1763806500',
])('--timestamp "%s" is wrong usage', (text) => {
  expect(read('query', 'x', '--timestamp', text)).toMatchObject({
    ended: 'commander.invalidArgument',
    said: expect.stringContaining('2026-11-22T10:15:00Z'),
  });
});

test('a version and a time contradict each other', () => {
  expect(read('query', 'x', '--version', '1', '--timestamp', '2026-11-22').ended).toBe(
    'commander.conflictingOption',
  );
});

test('the program’s own --version counts in front of a query, and anywhere with other commands', () => {
  for (const args of [
    ['--version'],
    ['--version', 'query', 'x'],
    ['run', '--version'],
    ['query', 'x', '-V'],
  ]) {
    expect({ args, ...read(...args) }).toMatchObject({ args, ended: 'commander.version', said: '9.9.9\n' });
  }
});

test('a --version that lacks its value is wrong usage, one behind -- is no option', () => {
  expect(read('query', 'x', '--version').ended).toBe('commander.invalidArgument');
  expect(read('query', '--', '--version').sql).toBe('--version');
});
