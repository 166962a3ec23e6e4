// Bodies that no model server could serve are answered here, before they take part of anything.

import { BODY_BROKEN, BODY_EMPTY, BODY_JSON, Body } from "../body/body.ts";
import { lastModelValueBytes } from "../body/model-values.ts";
import { BAD_REQUESTS, count } from "../metrics.ts";
import { CLIENT_MAX } from "../policy/renaming.ts";
import { Line } from "../text/line.ts";
import { Text, text } from "../text/text.ts";
import { MODEL_NAME_MAX } from "../../wire/layout.ts";
import { takesJson, takesModel } from "./api.ts";
import { MEDIA_JSON, MEDIA_UNKNOWN } from "./media-type.ts";
import { refuse } from "./refuse.ts";
import { Request } from "./request.ts";

const DETAILS_BAD_BODY = text("inline_epp_bad_body");
const DETAILS_NO_MODEL = text("inline_epp_no_model");
const DETAILS_LONG_MODEL = text("inline_epp_model_too_long");
const why = new Line();

/**
 * Whether the request's body, which is whole, is one that its API takes: for the known JSON APIs a JSON object that
 * names a model that is no longer than answers can give back, unless a header has named one. `whole`: there has been a
 * body. False: it has been answered 400.
 */
export function checkBody(request: Request, whole: bool): bool {
  if (request.forcedModelLength > u32(MODEL_NAME_MAX)) {
    why.clear().add("the header that names the model has more than ").number(MODEL_NAME_MAX).add(" bytes");
    return bad(request, DETAILS_LONG_MODEL);
  }
  const api = request.api;
  if (!request.posts || !takesJson(api)) return true;
  if (request.media != MEDIA_JSON && request.media != MEDIA_UNKNOWN) return true;
  if (whole && request.body == 0) return true; // there was no room for one more reader
  const body = changetype<Body>(request.body);
  const status = whole ? body.status : BODY_EMPTY;
  if (status != BODY_JSON) {
    why.clear().add("invalid request body: ");
    if (status == BODY_EMPTY) why.add("it is empty");
    else if (status == BODY_BROKEN) why.add("its JSON is malformed, cut short, or nested deeper than 512 levels");
    else why.add("it is no JSON object");
    return bad(request, DETAILS_BAD_BODY);
  }
  if (lastModelValueBytes(body) > CLIENT_MAX) {
    why.clear().add("the request body's \"model\" has more than ").number(CLIENT_MAX).add(" bytes");
    return bad(request, DETAILS_LONG_MODEL);
  }
  if (!takesModel(api) || body.modelLength != 0 || request.forcedModelLength != 0) return true;
  why.clear().add("model is required: the request body needs a field \"model\", a string that names one");
  return bad(request, DETAILS_NO_MODEL);
}

function bad(request: Request, details: Text): bool {
  request.decided = true;
  count(BAD_REQUESTS);
  return refuse(request, 400, details, why);
}
