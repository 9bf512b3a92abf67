/** Version of plan.json, receipts and reports, and of the lake tables' rules. A later one is refused, not misread. */
export const FORMAT_VERSION = 3;
/** What this release reads: what a version added has a default that says what the one before meant. */
export const READABLE_FORMATS = [1, 2, 3] as const;
