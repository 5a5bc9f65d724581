/*
 * bulkledger -- the journal of a restore of many, from its plan: which one it
 * is, and what becomes of it in the end (state/ledger.h is the journal).
 */
#ifndef CMD_BULKLEDGER_H
#define CMD_BULKLEDGER_H

#include <stdbool.h>

#include "base/err.h"
#include "cmd/bulkplan.h"
#include "cmd/report.h"
#include "state/ledger.h"

/* Open it in its directory, which is made if it is missing.  Classes as
 * ledger_open(). */
struct ledger *bulkledger_open(const struct bulkplan *p, struct err *e);

/*
 * Remove it if nothing is missing any more, or write down what is; n: what the
 * restore has come to, "through": all that there is was gone through.  A report
 * that is retried need not name all that is missing: the restore that wrote it
 * may have been stopped.  Logs what cannot be done.
 */
void bulkledger_put_away(struct ledger *l, const struct bulkplan *p,
    const struct report_count *n, bool through);

#endif
