import type { z } from 'zod';

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of options',
  record: 'a map of options',
};

type Issue<Code> = Extract<z.core.$ZodRawIssue, { readonly code: Code }>;

const isOfNumber = ({ origin }: Issue<'too_small' | 'too_big'>): boolean =>
  origin === 'number' || origin === 'int';

/** What Zod finds wrong with a value, as a person would say it. Zod's own words for all that is not named here. */
export function plainWords(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type') {
    if (issue.input === undefined) return 'is missing';
    const kind = KINDS[issue.expected];
    return kind && `must be ${kind}`;
  }
  if (issue.code === 'too_small' && isOfNumber(issue))
    return `must be ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`;
  if (issue.code === 'too_big' && isOfNumber(issue))
    return `must be ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}`;
  if (issue.code === 'invalid_value')
    return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`;
  return undefined;
}
