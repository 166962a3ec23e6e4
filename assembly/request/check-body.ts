// Bodies that no model server could serve are answered here, before they take part of anything.

import { BODY_BROKEN, BODY_EMPTY, BODY_JSON, Body } from "../body/body.ts";
import { BAD_REQUESTS, count } from "../metrics.ts";
import { Line } from "../text/line.ts";
import { Text, text } from "../text/text.ts";
import { takesJson, takesModel } from "./api.ts";
import { MEDIA_JSON, MEDIA_UNKNOWN } from "./media-type.ts";
import { refuse } from "./refuse.ts";
import { Request } from "./request.ts";

const DETAILS_BAD_BODY = text("inline_epp_bad_body");
const DETAILS_NO_MODEL = text("inline_epp_no_model");
const why = new Line();

/**
 * Whether the request's body, which is whole, is one that its API takes: for the known JSON APIs a JSON object that
 * names a model, unless a header has. `whole`: there has been a body. False: it has been answered 400.
 */
export function checkBody(request: Request, whole: bool): bool {
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
  if (!takesModel(api) || body.modelLength != 0 || request.forcedModelLength != 0) return true;
  why.clear().add("model is required: the request body needs a field \"model\", a string that names one");
  return bad(request, DETAILS_NO_MODEL);
}

function bad(request: Request, details: Text): bool {
  request.decided = true;
  count(BAD_REQUESTS);
  return refuse(request, 400, details, why);
}
