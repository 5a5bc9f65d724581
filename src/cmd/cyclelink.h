/*
 * cyclelink -- job/backup.h as proc's job_ops.  pool_cfg.job_cfg is a struct
 * job_backup_cfg.
 */
#ifndef CMD_CYCLELINK_H
#define CMD_CYCLELINK_H

#include "job/backup.h"
#include "proc/pool.h"

extern const struct job_ops cyclelink_ops;

#endif
