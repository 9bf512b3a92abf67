// What threads that transform pages load of this package, and none of the rest.
export { decodeArrowBody } from './arrow-body.ts';
export { arrowTypeOf, type LanceField } from './lance-type.ts';
export { ROW_ID } from './row-id.ts';
export { DISTANCE } from './search.ts';
