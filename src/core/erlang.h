/*
 * erlang.h: queues of calls (Erlang 1917; Palm 1943).  Loads are in Erlangs: arrivals
 * during a mean handle time.
 */
#ifndef CV_CORE_ERLANG_H
#define CV_CORE_ERLANG_H

extern double cv_erlang_b(double load, int agents);
extern double cv_erlang_c(double load, int agents);
extern double
cv_erlang_a(double load, int agents, double patience, double *abandonment, void (*check)(void));
extern double cv_service_level(double load, int agents, double within);
extern int cv_agents_needed(double load, double target, double within);

#endif
