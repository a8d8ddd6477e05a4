/* Whose token it is, and what that user may do. */
#include "lab/private.h"

#include "base/cleanup.h"
#include "base/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Codes of XML-RPC faults: linaro_django_xmlrpc/models.py, class FaultCodes and errors. */
enum { FAULT_FORBIDDEN = 403, FAULT_NO_METHOD = -32601 };

static int user_check(struct lab *lab, struct err *err)
{
	const struct catalog_lab *entry = lab->entry;
	autojson json_t *answer = NULL;
	const char *user;

	if (client_get(lab, "system/whoami/", &answer, err) < 0)
		return err->num == EACCES ? err_user(err, "lab %s does not know the token of %s; make another at %s",
						     entry->name, entry->user, entry->url)
					  : -1;
	user = json_str_or(answer, "user", "");
	if (!*user)
		return err_user(err, "lab %s takes the token for nobody's; make another at %s", entry->name,
				entry->url);
	if (strcmp(user, entry->user) != 0)
		return err_user(err, "lab %s: the token is %s's, and not %s's as its entry says", entry->name, user,
				entry->user);
	return 0;
}

static int too_mighty(struct lab *lab, const char *what, struct err *err)
{
	return err_user(
		err,
		"lab %s: %s is %s: Kiln works only for users whose mistakes harm nobody else; use the token of an "
		"ordinary user",
		lab->entry->name, lab->entry->user, what);
}

/* Lists of permissions are for superusers (lava_rest_app/v02/views.py, class GroupDeviceTypePermissionViewSet). */
static int superuser_check(struct lab *lab, struct err *err)
{
	autojson json_t *answer = NULL;

	if (client_get(lab, "permissions/devicetypes/?limit=1", &answer, err) == 0)
		return too_mighty(lab, "a superuser", err);
	if (err->num != EACCES)
		return -1;
	*err = (struct err){ 0 };
	return 0;
}

/* The code of a fault; 0 when the answer is none. */
static int fault_code(const struct buf *body)
{
	const char *at = body->data ? strstr(body->data, "faultCode") : NULL;

	at = at ? strstr(at, "<int>") : NULL;
	return at ? (int)strtol(at + 5, NULL, 10) : 0;
}

/* The one method that asks for staff does so before it looks at its arguments. It is given none, so that it can do
 * nothing: staff get another fault than others. */
static int staff_check(struct lab *lab, struct err *err)
{
	const struct http_request request = {
		.path = "RPC2",
		.body = "<?xml version=\"1.0\"?><methodCall><methodName>system.set_user_groups</methodName>"
			"<params></params></methodCall>",
		.type = "text/xml",
		.user = lab->entry->user,
	};
	CLEANUP(http_reply_free) struct http_reply reply = { 0 };
	int code;

	if (client_ask(lab, &request, &reply, err) < 0)
		return -1;
	code = fault_code(&reply.body);
	if (reply.status == 200 && code == FAULT_FORBIDDEN)
		return 0;
	if (reply.status == 200 && code == FAULT_NO_METHOD)
		return err_user(err, "lab %s: its LAVA is too old to tell whether %s is staff", lab->entry->name,
				lab->entry->user);
	if (reply.status == 200 && code)
		return too_mighty(lab, "staff", err);
	return err_infra(err, 0, "lab %s: RPC2 does not tell whether %s is staff: HTTP %ld", lab->entry->name,
			 lab->entry->user, reply.status);
}

int identity_check(struct lab *lab, struct err *err)
{
	return user_check(lab, err) < 0 || superuser_check(lab, err) < 0 || staff_check(lab, err) < 0 ? -1 : 0;
}
