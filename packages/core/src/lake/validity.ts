/** The bounds of a version's validity under SCD_TYPE_2: half-open, typed as the sequence; an open row has no end. */
export const START_AT = '__START_AT';
export const END_AT = '__END_AT';
