// Body.state of a form: what comes next. Apart from those of JSON (states.ts), so that one state tells which it is.

/** The preamble, or a part's content. The first state. */
export const FORM_CONTENT: u8 = 32;
/** Behind a delimiter: a line end, perhaps behind white space, or two hyphens. */
export const FORM_DELIMITED: u8 = 33;
export const FORM_PADDING: u8 = 34;
export const FORM_DELIMITER_LF: u8 = 35;
export const FORM_HYPHEN: u8 = 36;
/** Behind the last delimiter: what follows means nothing. */
export const FORM_END: u8 = 37;
// From here on a part's headers.
/** A header, or the line end that ends them. */
export const HEADER_START: u8 = 48;
export const HEADER_NAME: u8 = 49;
/** The rest of a header that means nothing. */
export const HEADER_REST: u8 = 50;
export const HEADER_LF: u8 = 51;
export const HEADERS_LF: u8 = 52;
/** `form-data` in a content-disposition, or what stands behind a parameter's value. */
export const PARAMETER_END: u8 = 53;
export const PARAMETER_START: u8 = 54;
export const PARAMETER_NAME: u8 = 55;
export const VALUE_START: u8 = 56;
export const VALUE_TOKEN: u8 = 57;
export const VALUE_QUOTED: u8 = 58;
export const VALUE_ESCAPED: u8 = 59;
