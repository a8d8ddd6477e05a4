/* One value of YAML in flow style, as LAVA's logs have it: almost JSON. A strict reader of what PyYAML writes with
 * default_flow_style and the style '"': maps and lists, text in double quotes with YAML's escapes, plain words, and the
 * tag "!" (a text that would read as something else). Comments, anchors, other tags and other quotes are refused. */
#ifndef LAB_FLOW_H
#define LAB_FLOW_H

#include "base/str.h"

#include <jansson.h>

/* The value that the whole of text is; NULL when it is none. Words and tagged texts become strings, but true, false and
 * null, which are themselves, and whole numbers. Control characters of texts are kept: they are a console's. New
 * reference. */
json_t *flow_parse(struct view text);

#endif
