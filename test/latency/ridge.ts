// Weighted ridge regression on all observations at once, by Gaussian elimination on the normal equations: the plain
// thing that the filter's model computes bit by bit.

/** One row: its features, its value, its weight. */
export type Row = { readonly x: readonly number[]; readonly y: number; readonly weight: number };

/** The coefficients c that minimise  sum of weight (y - x.c)^2 + sum of ridge[j] c[j]^2. */
export function ridgeRegression(rows: readonly Row[], ridge: readonly number[]): number[] {
  const size = ridge.length;
  const matrix = ridge.map((own, i) => ridge.map((_, j) => (i === j ? own : 0)));
  const right = ridge.map(() => 0);
  for (const { x, y, weight } of rows) {
    for (let i = 0; i < size; i++) {
      right[i]! += weight * x[i]! * y;
      for (let j = 0; j < size; j++) matrix[i]![j]! += weight * x[i]! * x[j]!;
    }
  }
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let row = column; row < size; row++) {
      if (Math.abs(matrix[row]![column]!) > Math.abs(matrix[pivot]![column]!)) pivot = row;
    }
    [matrix[column], matrix[pivot]] = [matrix[pivot]!, matrix[column]!];
    [right[column], right[pivot]] = [right[pivot]!, right[column]!];
    for (let row = column + 1; row < size; row++) {
      const factor = matrix[row]![column]! / matrix[column]![column]!;
      for (let j = column; j < size; j++) matrix[row]![j]! -= factor * matrix[column]![j]!;
      right[row]! -= factor * right[column]!;
    }
  }
  const result = ridge.map(() => 0);
  for (let row = size - 1; row >= 0; row--) {
    let rest = right[row]!;
    for (let j = row + 1; j < size; j++) rest -= matrix[row]![j]! * result[j]!;
    result[row] = rest / matrix[row]![row]!;
  }
  return result;
}
