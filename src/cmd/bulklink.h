/*
 * bulklink -- job/bulk.h as proc's job_ops.  pool_cfg.job_cfg is a struct
 * bulk_cfg.
 */
#ifndef CMD_BULKLINK_H
#define CMD_BULKLINK_H

#include "job/bulk.h"
#include "proc/pool.h"

extern const struct job_ops bulklink_ops;

#endif
