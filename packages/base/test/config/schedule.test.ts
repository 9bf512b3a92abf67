import { expect, test } from 'vitest';
import { schedulePattern, timeZone } from '../../src/config/schedule.ts';
import { configSchema } from '../../src/config/schema.ts';
import { problemLines } from '../../src/config/problems.ts';

function problemsOf(config: object): string[] {
  const connection = { api_key: 'sk', project_name: 'p' };
  const parsed = configSchema.safeParse({ connection, lake: './lake', ...config });
  return parsed.success ? [] : problemLines(parsed.error);
}

const problemOf = (schedule: unknown): string | undefined => problemsOf({ tables: { t: { schedule } } })[0];

test.for([
  '0 * * * *',
  '*/15 * * * *',
  '30 2 * * MON-FRI',
  '0 0 1,15 * *',
  '0 0 L * *',
  '0 0 29 2 *',
  '0 0 * MAR THU',
  '* * * * * *',
  '  0   3 * * 7 ',
])('"%s" is a schedule', (pattern) => {
  expect(schedulePattern.parse(pattern)).toBe(pattern.trim());
});

test.for([
  ['', /^tables\.t\.schedule: must be a cron pattern of 5 fields, such as "0 \* .* it has 1 field$/],
  ['@hourly', /it has 1 field$/],
  ['0 * * *', /it has 4 fields$/],
  ['0 0 * * * * *', /it has 7 fields$/],
  ['60 * * * *', /: its minute is not one: 0–59, \*, or lists/],
  ['*/0 * * * *', /: its minute is not one/],
  ['0 24 * * *', /: its hour is not one: 0–23/],
  ['0 0 32 * *', /: its day of the month is not one: 1–31 or L/],
  ['0 0 * FOO *', /: its month is not one: 1–12 or JAN–DEC/],
  ['0 0 * * 8', /: its day of the week is not one: 0–7 or SUN–SAT/],
  ['60 0 0 * * *', /: its second is not one: 0–59/],
  ['H * * * *', /: its minute is not one/],
  ['0 0 * * H', /: its day of the week is not one/],
  ['0 0 30 2 *', 'never comes due: no month it names has such a day'],
  [5, /expected string/],
] as const)('%j is refused, and what is wrong with it is said', ([pattern, words]) => {
  expect(problemOf(pattern)).toMatch(words);
});

test('a refused schedule is not repeated in the message: it may be a secret in the wrong place', () => {
  expect(problemOf('sk_live-secret * * * *')).not.toContain('secret');
});

test('a misspelt schedule is an unknown key with the right one named', () => {
  expect(problemsOf({ tables: { t: { shedule: '0 * * * *' } } })).toEqual([
    'tables.t.shedule: unknown key; did you mean `schedule`?',
  ]);
});

test('schedules are meant in UTC, unless schedule_timezone names another time zone', () => {
  const { success, data } = configSchema.safeParse({
    connection: { api_key: 'sk', project_name: 'p' },
    lake: './lake',
  });
  expect([success, data?.schedule_timezone]).toEqual([true, 'UTC']);
  for (const name of ['UTC', 'Europe/Berlin', '+02:00']) expect(timeZone.parse(name)).toBe(name);
  for (const name of ['Mars/Olympus', '', 'Berlin'])
    expect(problemsOf({ schedule_timezone: name })).toEqual([
      'schedule_timezone: must be a time zone, such as UTC or Europe/Berlin',
    ]);
});
