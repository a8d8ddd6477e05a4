/* How many CPUs are up. */
#ifndef LIB_CPUS_H
#define LIB_CPUS_H

/* From sysfs, else from /proc/stat, else the CPUs that this process may use; 0 when none of them says. */
int cpus_online(void);
int cpus_in_sysfs(void);
int cpus_in_proc(void);
int cpus_in_affinity(void);

#endif
