import { OffloadError } from '@lance-offload/base';
import type { LanceField } from '@lance-offload/lancedb';
import { RESERVED_COLUMNS } from '../lake/lineage.ts';
import { byFoldedName, findTwins } from './folded-names.ts';

/** Longest part of a name that a message shows, in UTF-16 units: a name may have any length. */
const SHOWN_NAME = 80;
/**
 * How deep a column may lie: delta-kernel-rs reads no schema whose JSON is more than 127 levels deep, and a struct takes
 * three of them.
 */
const MAX_LEVELS = 32;

function shorten(name: string): string {
  return name.length > SHOWN_NAME ? `${name.slice(0, SHOWN_NAME)}…` : name;
}

/** A field by the names that lead to it: `"s.a"`, of a list of structs `"l.element.a"`; each by itself where one is no plain word. */
function showPath(path: readonly string[]): string {
  const names = path.map(shorten);
  const plain = names.every((name) => /^[\p{L}\p{N}_$ …-]+$/u.test(name));
  return plain ? `"${names.join('.')}"` : names.map((name) => JSON.stringify(name)).join('.');
}

/** Why no reader can be counted on to open a column of this name. */
function nameProblem(name: string): string | undefined {
  if (name === '') return 'is an empty name';
  if (name.includes('\0')) return 'holds a NUL character';
  return name.isWellFormed() ? undefined : 'holds half a character (a lone surrogate)';
}

function problemOf(names: readonly string[], path: readonly string[]): string | undefined {
  for (const name of names) {
    const problem = nameProblem(name);
    if (problem !== undefined)
      return `${showPath([...path, name])} ${problem}, which not every reader can open`;
  }
  const twins = findTwins(names);
  if (!twins) return undefined;
  const [first, second] = twins.map((name) => showPath([...path, name]));
  return twins[0] === twins[1]
    ? `there are two of ${first}`
    : `${first} and ${second} differ in case only, which the lake cannot tell apart`;
}

/** The fields inside a column, with the part of the path that leads to each: the names inside lists and maps are the lake's. */
function inside({
  type: { type, fields = [] },
}: LanceField): { step: readonly string[]; field: LanceField }[] {
  if (type === 'struct') return fields.map((field) => ({ step: [field.name], field }));
  if (type !== 'map') return fields.map((field) => ({ step: ['element'], field }));
  const [key, value] = fields[0]?.type.fields ?? [];
  return [
    ...(key ? [{ step: ['key'], field: key }] : []),
    ...(value ? [{ step: ['value'], field: value }] : []),
  ];
}

/** What is wrong with the names inside a column, or with how deep they lie. */
function problemInside(column: LanceField, path: readonly string[], levels = 0): string | undefined {
  if (levels > MAX_LEVELS) return `its lists, structs and maps lie more than ${MAX_LEVELS} levels deep`;
  const { type } = column.type;
  const fields = inside(column);
  const names = type === 'struct' ? fields.map(({ field }) => field.name) : [];
  const problem = problemOf(names, path);
  if (problem !== undefined) return problem;
  for (const { step, field } of fields) {
    const deeper = problemInside(field, [...path, ...step], levels + (type === 'map' ? 2 : 1));
    if (deeper !== undefined) return deeper;
  }
  return undefined;
}

function leaveOut(column: string, columns: readonly LanceField[]): string {
  const others = columns.map(({ name }) => name).filter((name) => name !== column);
  const remedy = others.length > 0 ? `leave the column out with columns: ${JSON.stringify(others)}, or ` : '';
  return `${remedy}rename it at the source`;
}

function refuseReserved(table: string, columns: readonly LanceField[]): void {
  const own = byFoldedName([...RESERVED_COLUMNS].map((name) => ({ name })));
  const reserved = columns.find(({ name }) => own(name));
  if (!reserved) return;
  throw new OffloadError(
    'SCHEMA_MISMATCH',
    `Table "${table}" has a column "${reserved.name}", a name the lake uses itself; leave it out with columns`,
    { table, column: reserved.name },
  );
}

/** Delta and its readers take `Id` and `id` for one column, and some of them `É` and `é`. */
function refuseTopLevel(table: string, columns: readonly LanceField[]): void {
  const names = columns.map(({ name }) => name);
  const bad = names.find((name) => nameProblem(name) !== undefined);
  const column = bad ?? findTwins(names)?.[1];
  const problem = problemOf(names, []);
  if (column === undefined || problem === undefined) return;
  throw new OffloadError(
    'SCHEMA_MISMATCH',
    `Columns of table "${table}": ${problem}; ${leaveOut(column, columns)}`,
    { table, column },
  );
}

/**
 * Refuses columns whose names, at any depth, not every reader of the lake can open or tell apart: those that differ in case
 * only (Unicode's too), empty ones, those with a NUL; and names at the top that are the lake's own.
 *
 * @param columns those that are offloaded.
 * @throws OffloadError `SCHEMA_MISMATCH` with the field's path and how to leave its column out.
 */
export function refuseNames(table: string, columns: readonly LanceField[]): void {
  refuseReserved(table, columns);
  refuseTopLevel(table, columns);
  for (const column of columns) {
    const problem = problemInside(column, [column.name]);
    if (problem === undefined) continue;
    throw new OffloadError(
      'SCHEMA_MISMATCH',
      `Column ${showPath([column.name])} of table "${table}": ${problem}; ${leaveOut(column.name, columns)}`,
      { table, column: column.name },
    );
  }
}
