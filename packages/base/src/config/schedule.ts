import { CronExpressionParser } from 'cron-parser';
import { z } from 'zod';

/** The fields of a cron pattern as crontab(5) has them; seconds are cron-parser's, and may be left out. */
const FIELDS = [
  { name: 'second', takes: '0–59' },
  { name: 'minute', takes: '0–59' },
  { name: 'hour', takes: '0–23' },
  { name: 'day of the month', takes: '1–31 or L' },
  { name: 'month', takes: '1–12 or JAN–DEC' },
  { name: 'day of the week', takes: '0–7 or SUN–SAT' },
] as const;

/** `H` stands for a value the parser draws anew each time, which is no schedule. */
function isHashed(field: string): boolean {
  return /H/i.test(field.replaceAll(/[A-Z]{3}/gi, ''));
}

function parses(pattern: string): boolean {
  try {
    CronExpressionParser.parse(pattern, { tz: 'UTC' }).next();
    return true;
  } catch {
    return false; // its words repeat the value, which a configuration's problems do not
  }
}

/** What is wrong with a cron pattern, by the parser that BullMQ's job schedulers use; `undefined` for one that is right. */
function patternProblem(pattern: string): string | undefined {
  const values = pattern.split(/\s+/);
  if (values.length !== 5 && values.length !== 6) {
    const count = values.length === 1 ? '1 field' : `${values.length} fields`;
    return `must be a cron pattern of 5 fields, such as "0 * * * *" (or 6, with seconds first); it has ${count}`;
  }
  const fields = FIELDS.slice(-values.length);
  const wrong = fields.find((_, at) => {
    const alone = values.map((value, index) => (index === at ? value : '*')).join(' ');
    return isHashed(values[at] ?? '') || !parses(alone);
  });
  if (wrong) {
    return `its ${wrong.name} is not one: ${wrong.takes}, *, or lists (1,2), ranges (1-5) and steps (*/5) of them`;
  }
  return parses(pattern) ? undefined : 'never comes due: no month it names has such a day';
}

/** A cron pattern that will come due. */
export const schedulePattern = z
  .string()
  .trim()
  .superRefine((pattern, context) => {
    const message = patternProblem(pattern);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false; // RangeError (ECMA-402 CreateDateTimeFormat): not a name this machine's ICU knows
  }
}

/** A name of the IANA time zone database, or an offset such as `+02:00`. */
export const timeZone = z
  .string()
  .trim()
  .refine(isTimeZone, 'must be a time zone, such as UTC or Europe/Berlin');
