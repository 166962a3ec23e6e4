// Whether a request may be answered here now. From another stream's callback it may not: that stream would hang.

let forbidden: bool = false;
let wanted: bool = false;

/** From now on answers are forbidden, or allowed again. */
export function forbidAnswers(yes: bool): void {
  forbidden = yes;
  wanted = false;
}

/** Asked by who is about to answer: true, and noted, where that is forbidden. */
export function mustPostpone(): bool {
  if (forbidden) wanted = true;
  return forbidden;
}

/** Whether an answer was wanted since they were forbidden. */
export function postponed(): bool {
  return wanted;
}
