/** The flatbuffer classes of an Arrow schema, under their names in Schema.fbs; reached as `fb` through arrow.ts. */
export { Date } from 'apache-arrow/fb/date';
export { DateUnit } from 'apache-arrow/fb/date-unit';
export { Decimal } from 'apache-arrow/fb/decimal';
export { Duration } from 'apache-arrow/fb/duration';
export { Field } from 'apache-arrow/fb/field';
export { FixedSizeBinary } from 'apache-arrow/fb/fixed-size-binary';
export { FixedSizeList } from 'apache-arrow/fb/fixed-size-list';
export { FloatingPoint } from 'apache-arrow/fb/floating-point';
export { Int } from 'apache-arrow/fb/int';
export { Precision } from 'apache-arrow/fb/precision';
export { Time } from 'apache-arrow/fb/time';
export { TimeUnit } from 'apache-arrow/fb/time-unit';
export { Timestamp } from 'apache-arrow/fb/timestamp';
export { Type } from 'apache-arrow/fb/type';
