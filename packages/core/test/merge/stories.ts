import type { RunPlan } from '../../src/plan/run-plan.ts';
import { peoplePlan, person, type Person } from './people.ts';

/** A run of a table, and the rows its source has. */
export interface Run {
  readonly plan: RunPlan;
  readonly people: readonly Person[];
}

export const runOver = (people: readonly Person[], changes: Partial<RunPlan>): Run => ({
  plan: peoplePlan(people, changes),
  people,
});

/** Runs that come before the one that is disturbed, and that one. Every kind of outcome is in it. */
export type Story = () => { readonly before: readonly Run[]; readonly killed: Run };

const FIRST = [
  person(1, 10, 'ann'),
  person(2, 10, 'bob'),
  person(3, 10, 'cy'),
  person(4, 11, 'di'),
  person(5, 12, 'ed'),
  person(6, null, 'flo'),
  person(7, 12, 'gus'),
];
const SECOND = [
  person(1, 13, 'anne'), // updated
  person(2, 9, 'late'), // late
  person(2, 10, 'bob'), // unchanged
  person(3, 10, 'CY'), // tied
  person(6, null, 'flo'), // unchanged
  person(8, 14, 'hal'), // inserted, several times
  person(8, 15, 'hank'),
  person(8, 15, 'hank'),
  person(9, 12, 'ida'), // 4, 5 and 7 are gone
];

const keyed = (ingestionType: 'SCD_TYPE_1' | 'SCD_TYPE_2') => (): ReturnType<Story> => {
  const rules = { ingestionType, cursorField: 'seq', deletes: 'snapshot' } as const;
  return {
    before: [runOver(FIRST, rules), runOver([...FIRST.slice(0, 6), person(5, 13, 'edd')], rules)],
    killed: runOver(SECOND, rules),
  };
};

export const STORIES: Readonly<Record<RunPlan['ingestionType'], Story>> = {
  APPEND_ONLY: () => {
    const rules: Partial<RunPlan> = {
      ingestionType: 'APPEND_ONLY',
      primaryKeys: [],
      sequenceBy: null,
      cursorField: 'seq',
    };
    const boundary = FIRST.filter(({ seq }) => seq === null || seq === 12);
    const rows = [
      ...boundary,
      ...boundary,
      person(8, 12, 'hal'),
      person(8, 15, 'hank'),
      person(8, 15, 'hank'),
    ];
    return { before: [runOver(FIRST, rules)], killed: runOver(rows, { ...rules, cursorFrom: '12' }) };
  },
  SCD_TYPE_1: keyed('SCD_TYPE_1'),
  SCD_TYPE_2: keyed('SCD_TYPE_2'),
};
