/* The verdict of a boot in a lab joins two words: the judge's on the console and LAVA's on the job. */
#ifndef LAB_VERDICT_H
#define LAB_VERDICT_H

#include "judge/judge.h"
#include "lab/boot.h"

/* What the judge is to be told when its console has no verdict yet; *infra is the reason (owned) when the lab is to
 * blame instead, and the judge's word then does not count.
 *
 * The lab is to blame for a job that somebody cancelled, for errors that LAVA itself calls Infrastructure,
 * Configuration, Bug or Canceled, for a job whose worker does not say how it ended, and for whatever happens before the
 * kernel has spoken: validation, deploy, a bootloader. A kernel that spoke and then was waited for in vain hangs, or
 * outlived its limit. */
enum judge_end verdict_end(const struct lava_word *lava, bool heard_kernel, int64_t silent_ms, int64_t silence_ms,
			   char **infra);

#endif
