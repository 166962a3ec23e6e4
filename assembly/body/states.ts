// Body.state: what comes next.
export const START: u8 = 0;
/** A key or the end of the object that has just begun. */
export const FIRST_KEY: u8 = 1;
export const KEY: u8 = 2;
export const COLON: u8 = 3;
export const VALUE: u8 = 4;
/** A value or the end of the array that has just begun. */
export const FIRST_VALUE: u8 = 5;
/** A comma, or the end of what is open. */
export const AFTER_VALUE: u8 = 6;
export const NOTHING: u8 = 7;
// From here on the middle of something.
export const STRING: u8 = 8;
export const NUMBER: u8 = 9;
export const LITERAL: u8 = 10;
/** Nothing can make it right. */
export const MALFORMED: u8 = 11;
