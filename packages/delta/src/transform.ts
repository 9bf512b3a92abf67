// What threads that transform pages load of this package, and none of the rest.
export { fileStats } from './parquet/column-stats.ts';
export { LARGE_ROW_BYTES, LARGE_VALUE_BYTES, largeNestedRow, largeRow } from './parquet/large-values.ts';
export { writeParquet } from './parquet/parquet.ts';
export { openBlob } from './store/blob.ts';
export { lakeTypeOf } from './types/lake-type.ts';
export { arrowTypeOfWide, type WriteType } from './types/type-widening.ts';
export { castData } from './values/cast.ts';
export { refuseInexact } from './values/inexact-keys.ts';
export { checksumOf, hashBits, hashRows } from './values/row-hash.ts';
