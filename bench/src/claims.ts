/** Something the project says of itself, and what was measured. */
export interface Claim {
  readonly claim: string;
  readonly measured: string;
  readonly met: boolean;
}

/** A line per claim: whether it is met, what it says, what was measured. */
export function claimLines(claims: readonly Claim[]): string[] {
  return claims.map(({ claim, measured, met }) => `${met ? 'met    ' : 'not met'}  ${claim}: ${measured}`);
}
