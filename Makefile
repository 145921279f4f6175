# customer_value: PGXS build. `make && make install` builds against the first
# pg_config in PATH; PG_CONFIG=/path/to/pg_config picks another PostgreSQL, DESTDIR=
# installs into a package tree, and `make -f /path/to/Makefile` in an empty folder
# builds out of tree.
#
#   make installcheck    regress, isolation and TAP tests against a running server
#   make unit            C tests of src/core, without a server
#   make check-objs      is every source file in OBJS, and nothing else?
#   make format          clang-format over all sources; check-format only looks
#
# test/run does all of it on a private server, and more.

EXTENSION  = customer_value
MODULE_big = $(EXTENSION)

# The folder of this Makefile, without a slash at its end. PGXS knows it as srcdir, but
# only after its own include.
here := $(patsubst %/,%,$(dir $(firstword $(MAKEFILE_LIST))))

# One source for the version: the control file.
EXTVERSION := $(shell sed -n "s/^default_version *= *'\([^']*\)'.*/\1/p" $(here)/$(EXTENSION).control)

# --- sources: plain mathematics first, then PostgreSQL plumbing, then the topics -------

CORE_OBJS       = src/core/beta_power.o src/core/bg_bb.o src/core/bg_nbd.o \
	src/core/buying.o src/core/calendar.o src/core/closed_form.o src/core/cnbd.o \
	src/core/conditional_logit.o src/core/covariates.o src/core/erlang.o \
	src/core/exact_sum.o src/core/funnel.o src/core/least_squares.o \
	src/core/linear.o src/core/markov_attribution.o src/core/matrix.o \
	src/core/net_score.o src/core/newton.o src/core/normal.o src/core/pareto_nbd.o \
	src/core/pareto_sums.o src/core/posterior.o src/core/quadrature.o src/core/random.o \
	src/core/relative_importance.o src/core/renewal.o src/core/renewal_discount.o \
	src/core/retention.o src/core/sequence.o src/core/sequence_pattern.o \
	src/core/simulate.o src/core/special.o src/core/spending.o
PG_OBJS         = src/pg/document.o src/pg/instant.o src/pg/json.o \
	src/pg/json_stream.o src/pg/named.o src/pg/numeric.o src/pg/parameter.o \
	src/pg/row.o src/pg/row_arg.o src/pg/state.o src/pg/tally.o src/pg/tally_io.o \
	src/pg/wire.o
ACTIVITY_OBJS   = src/activity/log.o src/activity/log_functions.o \
	src/activity/log_io.o
CLV_OBJS        = src/clv/base.o src/clv/base_io.o src/clv/buying_model.o \
	src/clv/closed_form.o src/clv/covariate_base.o src/clv/covariate_fit.o \
	src/clv/covariate_stored.o src/clv/covariate_table.o src/clv/covariates.o \
	src/clv/expected_customers.o src/clv/fit.o src/clv/fit_result.o \
	src/clv/history.o src/clv/interval.o src/clv/ledger.o src/clv/model.o \
	src/clv/model_binary.o src/clv/model_fault.o src/clv/model_text.o \
	src/clv/parameter_draws.o src/clv/predict.o src/clv/predictor.o \
	src/clv/retention_base.o src/clv/retention_fit.o src/clv/retention_model.o \
	src/clv/simulate.o src/clv/states.o
VALUE_OBJS      = src/value/answers.o src/value/answers_io.o src/value/answers_merge.o \
	src/value/answers_stored.o src/value/attributes.o src/value/choice_data.o \
	src/value/design.o src/value/economic.o src/value/fit_choice.o src/value/fit_rating.o \
	src/value/kano.o src/value/perceived_value.o src/value/price_sensitivity.o \
	src/value/rating_data.o src/value/relative_value.o src/value/utility.o \
	src/value/utility_json.o src/value/utility_model.o
VOICE_OBJS      = src/voice/cronbach.o src/voice/csat.o src/voice/driver_summary.o \
	src/voice/drivers.o src/voice/moments.o src/voice/nps.o \
	src/voice/nps_interval.o src/voice/nps_io.o src/voice/sums.o
MATURITY_OBJS   = src/maturity/maturity.o
SEGMENT_OBJS    = src/segment/cohort.o src/segment/cohort_rows.o \
	src/segment/lifecycle.o src/segment/log_walk.o src/segment/period.o \
	src/segment/ranking.o src/segment/revenue.o src/segment/rfm.o \
	src/segment/rfm_scale.o src/segment/survival.o
JOURNEY_OBJS    = src/journey/condition_io.o src/journey/condition_log.o \
	src/journey/flow.o src/journey/funnel.o src/journey/funnel_summary.o \
	src/journey/graph.o src/journey/journey_io.o src/journey/journey_log.o \
	src/journey/next_node.o src/journey/retention.o src/journey/sequence.o \
	src/journey/window_funnel.o
ATTRIBUTION_OBJS= src/attribution/attribution.o src/attribution/attribution_io.o \
	src/attribution/attribution_summary.o
CARE_OBJS       = src/care/business_time.o src/care/calendar.o src/care/calendar_io.o \
	src/care/staffing.o src/care/support.o src/care/support_io.o
VIEWS_OBJS      = src/views/commit.o

OBJS = src/customer_value.o $(CORE_OBJS) $(PG_OBJS) $(ACTIVITY_OBJS) $(CLV_OBJS) \
	$(VALUE_OBJS) $(VOICE_OBJS) $(MATURITY_OBJS) $(SEGMENT_OBJS) $(JOURNEY_OBJS) \
	$(ATTRIBUTION_OBJS) $(CARE_OBJS) $(VIEWS_OBJS)

SQL_PARTS  = $(sort $(wildcard $(here)/sql/install/[0-9][0-9]_*.sql))
DATA_built = sql/$(EXTENSION)--$(EXTVERSION).sql
DATA       = $(sort $(patsubst $(here)/%,%,$(wildcard $(here)/sql/$(EXTENSION)--*--*.sql)))
DOCS      := $(sort $(patsubst $(here)/%,%,$(wildcard $(here)/doc/*.md)))

# PG_CPPFLAGS reaches the objects and the bitcode, PG_CFLAGS the objects only. Without
# fused multiply-add the same data give the same figures on every machine, inlined by JIT
# or not.
PG_CPPFLAGS = -I$(srcdir)/src -ffp-contract=off '-DCV_VERSION="$(EXTVERSION)"'
# Unlinked, exp() and log() would bind to their oldest, slower versions in glibc.
SHLIB_LINK  = -lm

# --- tests -----------------------------------------------------------------------------

# No test may have the name of a file in sql/: pg_regress would run that one.
# (:= because PGXS asks with ifdef, which takes an unexpanded variable for a filled one.)
test_names     = $(sort $(basename $(notdir $(wildcard $(here)/test/$(1)))))
REGRESS       := $(call test_names,sql/*.sql)
REGRESS_OPTS   = --inputdir=$(srcdir)/test --load-extension=$(EXTENSION)
ISOLATION     := $(call test_names,specs/*.spec)
ISOLATION_OPTS = --inputdir=$(srcdir)/test --outputdir=. --load-extension=$(EXTENSION)
PROVE_TESTS   := $(sort $(patsubst $(here)/%,%,$(wildcard $(here)/test/t/*.pl)))
TAP_TESTS     := $(if $(PROVE_TESTS),1)

EXTRA_CLEAN = build test/unit/evaluate

# --- PGXS ------------------------------------------------------------------------------

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)

# PostgreSQL built with LLVM wants bitcode from the clang that it was built with. Where
# that clang is missing the extension is built without bitcode and works all the same.
pgxs_clang := $(shell sed -n 's/^CLANG *= *//p' $(dir $(PGXS))../Makefile.global 2>/dev/null)
ifeq ($(shell command -v $(firstword $(pgxs_clang) none) 2>/dev/null),)
override with_llvm = no
endif

include $(PGXS)

# doc/extension/ is shared by all extensions, and so would be a file reference.md in it.
docmoduledir := extension/$(EXTENSION)

# Out of tree: the folders of the objects must be there before the compiler, and the
# expected output where pg_regress looks for it. (PGXS sets VPATH in every build, so
# that is no sign.)
ifneq ($(realpath $(here)),$(realpath $(CURDIR)))
$(shell mkdir -p $(sort $(dir $(OBJS))) sql && ln -sfn $(abspath $(here))/expected expected)
endif

$(DATA_built): $(SQL_PARTS) $(here)/$(EXTENSION).control
	cat $(SQL_PARTS) > $@

# PostgreSQL packages are built without dependency tracking: any header rebuilds all.
HEADERS_ALL := $(wildcard $(here)/src/*.h $(here)/src/*/*.h)
$(OBJS) $(OBJS:.o=.bc): $(HEADERS_ALL)

# Counting places is done several at once.
src/activity/log.o: CFLAGS += $(CFLAGS_VECTORIZE)

# --- unit tests of src/core ------------------------------------------------------------

# They are built apart from the extension, without a PostgreSQL header in sight.
# UNIT_EXTRA adds flags, such as a sanitizer's.
UNIT_CFLAGS = -O2 -g -Wall -Wextra -Werror -ffp-contract=off $(UNIT_EXTRA)
UNIT_CORE   = $(patsubst $(here)/src/core/%.c,build/unit/%.o,$(sort $(wildcard $(here)/src/core/*.c)))
UNIT_TESTS  = $(patsubst $(here)/test/unit/%.c,build/unit/%,$(sort $(wildcard $(here)/test/unit/test_*.c)))
UNIT_BUILD  = $(CC) $(UNIT_CFLAGS) -I$(here)/src '-DCV_ORACLE="$(here)/test/oracle"'
UNIT_HEADERS = $(wildcard $(here)/src/core/*.h $(here)/test/unit/*.h)

$(UNIT_CORE): build/unit/%.o: $(here)/src/core/%.c $(UNIT_HEADERS)
	@mkdir -p $(@D)
	$(UNIT_BUILD) -c $< -o $@

$(UNIT_TESTS): build/unit/%: $(here)/test/unit/%.c $(UNIT_CORE) $(UNIT_HEADERS)
	$(UNIT_BUILD) $< $(UNIT_CORE) -lm -o $@

# A calculator for the oracle and for the curious: src/core on the command line.
test/unit/evaluate: $(here)/test/unit/evaluate.c $(UNIT_CORE) $(UNIT_HEADERS)
	@mkdir -p $(@D)
	$(UNIT_BUILD) $< $(UNIT_CORE) -lm -o $@

unit: $(UNIT_TESTS)
	@failed=0; for t in $(UNIT_TESTS); do \
		echo "# $$t"; $$t || { echo "# $$t ended with exit status $$?"; failed=1; }; \
	done; exit $$failed

# --- the house -------------------------------------------------------------------------

check-objs:
	@printf '%s\n' $(sort $(OBJS)) > .objs.list; \
	(cd $(here) && LC_ALL=C ls src/*.c src/*/*.c) | sed 's/\.c$$/.o/' | LC_ALL=C sort > .objs.tree; \
	LC_ALL=C sort -u .objs.list | diff -u --label 'OBJS in the Makefile' --label 'source files' - .objs.tree; \
	status=$$?; rm -f .objs.list .objs.tree; exit $$status

CLANG_FORMAT ?= clang-format
FORMATTED = $(sort $(wildcard $(here)/src/*.[ch] $(here)/src/*/*.[ch] $(here)/test/unit/*.[ch] $(here)/test/fuzz/*.[ch]))

format:
	@$(CLANG_FORMAT) -i $(FORMATTED)

check-format:
	@$(CLANG_FORMAT) --dry-run --Werror $(FORMATTED)

.PHONY: unit check-objs format check-format
