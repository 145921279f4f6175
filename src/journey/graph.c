/*
 * graph.c: the ways that customers take from stage to stage.
 *
 * Each journey is a chain (entry), stages..., (exit), so as many transitions lead into
 * a stage as out of it, and as many leave (entry) and come to (exit) as there are
 * journeys.  The state counts passages (flow.h) between numbered stages.
 */
#include "postgres.h"

#include "journey/flow.h"
#include "journey/journey.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"

static const char type_name[] = "cv_journey_graph";

#define JOURNEYS 0 /* the state's parameter */

#define ENTRY (-1)
#define EXIT PG_INT32_MAX

static const char entry_name[] = "(entry)";
static const char exit_name[] = "(exit)";

PG_FUNCTION_INFO_V1(cv_journey_graph_trans);
PG_FUNCTION_INFO_V1(cv_journey_graph_combine);
PG_FUNCTION_INFO_V1(cv_journey_graph_final);
PG_FUNCTION_INFO_V1(cv_graph_customers);
PG_FUNCTION_INFO_V1(cv_edges);
PG_FUNCTION_INFO_V1(cv_journey_graph_in);
PG_FUNCTION_INFO_V1(cv_journey_graph_out);
PG_FUNCTION_INFO_V1(cv_journey_graph_recv);
PG_FUNCTION_INFO_V1(cv_journey_graph_send);

static cv_named *
read_graph(FunctionCallInfo fcinfo, int argument)
{
	cv_named *graph = cv_named_arg(fcinfo, argument, type_name, CV_FLOW);

	if (graph->parameter[JOURNEYS] < 0)
		cv_corrupt_binary(type_name, "The number of journeys is negative.");
	return graph;
}

/* The graph as stored: sorted and collapsed; the argument where it is so. */
static const cv_named *
sorted_graph(const cv_named *graph)
{
	cv_named *stored;
	cv_flow *flow;
	int32 few[CV_NAMED_LINEAR];
	int32 *rank;
	int32 i;

	if (!(graph->header.flags & CV_NAMED_OPEN))
		return graph;
	rank = cv_named_ranks(graph, few);
	stored = cv_named_stored(graph, CV_FLOW, type_name, rank);
	flow = cv_flows(stored);
	for (i = 0; i < stored->count; i++)
	{
		if (flow[i].from < ENTRY || (flow[i].from >= stored->names) || flow[i].to < 0 ||
			(flow[i].to >= stored->names && flow[i].to != EXIT))
			cv_corrupt_binary(type_name, "A stage is out of range.");
		if (flow[i].from != ENTRY)
			flow[i].from = rank[flow[i].from];
		if (flow[i].to != EXIT)
			flow[i].to = rank[flow[i].to];
	}
	if (rank != few)
		pfree(rank);
	stored->count = cv_flow_collapse(flow, stored->count);
	cv_named_close(stored, CV_FLOW);
	return stored;
}

/* Real stages must not be taken for the ends of a journey. */
static void
check_name(const char *name, int32 length)
{
	if (length > 0 && name[0] == '(' &&
		((length == (int32) strlen(entry_name) && memcmp(name, entry_name, length) == 0) ||
		 (length == (int32) strlen(exit_name) && memcmp(name, exit_name, length) == 0)))
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
						errmsg("a stage is named \"%s\"", pnstrdup(name, length)),
						errdetail("In a journey graph this is where a journey begins or ends."),
						errhint("Give the stage another name.")));
}

/* The numbers in the graph of another value's names; the graph may move. */
static int32 *
intern_names(cv_named **graph, const cv_named *other)
{
	int32 *id = palloc(Max(1, other->names) * sizeof(int32));
	int32 i;

	for (i = 0; i < other->names; i++)
	{
		int32 length;
		const char *name = cv_named_text(other, i, &length);

		if ((uint64) other->name[i].offset + other->name[i].length > (uint64) other->bytes)
			cv_corrupt_binary(type_name, "A name lies beyond the names.");
		check_name(name, length);
		*graph = cv_named_intern(*graph, CV_FLOW, type_name, name, length, &id[i]);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	return id;
}

/* journey_graph(log): each log is one journey; NULLs are ignored. */
Datum
cv_journey_graph_trans(PG_FUNCTION_ARGS)
{
	cv_named *graph = PG_ARGISNULL(0) ? NULL : read_graph(fcinfo, 0);
	const cv_journey_log *log;
	const cv_journey_entry *entry;
	cv_flow few[32];
	cv_flow *flow = few;
	int32 *id;
	int32 count;
	int32 i;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(1))
	{
		if (graph == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(graph);
	}
	log = cv_journey_log_arg(fcinfo, 1);
	entry = cv_journey_entries(log);
	if (graph == NULL)
		graph = cv_named_new(type_name, CV_FLOW, 100, 4);
	id = intern_names(&graph, log);
	if (log->count >= (int32) lengthof(few))
		flow = palloc_extended(((Size) log->count + 1) * sizeof(cv_flow), MCXT_ALLOC_HUGE);
	for (i = 0; i <= log->count; i++)
	{
		flow[i].from = i == 0 ? ENTRY : id[entry[i - 1].stage];
		flow[i].to = i == log->count ? EXIT : id[entry[i].stage];
		flow[i].gap = i == 0 || i == log->count
						  ? 0
						  : (int64) Min(cv_span(entry[i - 1].at, entry[i].at), PG_INT64_MAX);
		flow[i].count = 1;
		flow[i].customers = 0;
	}
	count = cv_flow_collapse(flow, log->count + 1);
	for (i = 0; i < count; i++)
	{
		/* the customer counts once for all passages between two stages */
		flow[i].customers =
			i == 0 || flow[i].from != flow[i - 1].from || flow[i].to != flow[i - 1].to;
		graph = cv_flow_add(graph, type_name, &flow[i]);
	}
	graph->parameter[JOURNEYS]++;
	if (flow != few)
		pfree(flow);
	pfree(id);
	PG_RETURN_POINTER(graph);
}

/* Merges two graphs; also the transition of rollup(journey_graph). */
Datum
cv_journey_graph_combine(PG_FUNCTION_ARGS)
{
	cv_named *graph;
	cv_named *other;
	int32 *id;

	CV_RETURN_UNLESS_BOTH(graph, other, read_graph);
	id = intern_names(&graph, other);
	graph = cv_flow_merge(graph, type_name, other, id);
	graph->parameter[JOURNEYS] += other->parameter[JOURNEYS];
	pfree(id);
	PG_RETURN_POINTER(graph);
}

/* The graph as it is stored. */
Datum
cv_journey_graph_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(sorted_graph(read_graph(fcinfo, 0)));
}

/* Journeys in a graph. */
Datum
cv_graph_customers(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(read_graph(fcinfo, 0)->parameter[JOURNEYS]);
}

static Datum
stage_text(const cv_named *graph, int32 stage)
{
	int32 length;
	const char *name;

	if (stage == ENTRY)
		return CStringGetTextDatum(entry_name);
	if (stage == EXIT)
		return CStringGetTextDatum(exit_name);
	name = cv_named_text(graph, stage, &length);
	return PointerGetDatum(cstring_to_text_with_len(name, length));
}

/* edges(graph): one row for each pair of stages that somebody went between. */
Datum
cv_edges(PG_FUNCTION_ARGS)
{
	const cv_named *graph = sorted_graph(read_graph(fcinfo, 0));
	int32 at = 0;

	InitMaterializedSRF(fcinfo, 0);
	while (at < graph->count)
	{
		Datum values[6];
		bool nulls[6] = { false };
		cv_flow_run run;

		at = cv_flow_next(graph, at, &run);
		values[0] = stage_text(graph, run.flow->from);
		values[1] = stage_text(graph, run.flow->to);
		values[2] = Int64GetDatum(run.customers);
		values[3] = Int64GetDatum(run.count);
		nulls[4] = nulls[5] = run.flow->from == ENTRY || run.flow->to == EXIT;
		values[4] = nulls[4] ? (Datum) 0 : cv_flow_percentile(&run, 0.5);
		values[5] = nulls[5] ? (Datum) 0 : cv_flow_percentile(&run, 0.9);
		cv_emit(fcinfo, values, nulls);
		CHECK_FOR_INTERRUPTS();
	}
	return (Datum) 0;
}

/*
 * ---- text: {"journeys": 9, "passages": [[from, to, microseconds, count, customers], ..]} ----
 *
 * from is null where a journey begins, to where it ends.
 */

/* Every entry from outside passes here. */
static void
check_flow(const cv_flow *flow, bool binary)
{
	const char *detail = NULL;

	if (flow->gap < 0 || (flow->gap != 0 && (flow->from == ENTRY || flow->to == EXIT)))
		detail = "A gap is negative, or one before the first stage or after the last.";
	else if (flow->count == 0 || flow->customers > flow->count)
		detail = "A number of passages or customers is impossible.";
	if (detail && binary)
		cv_corrupt_binary(type_name, detail);
	if (detail)
		cv_malformed(type_name, "%s", detail);
}

/* As many passages lead into each stage as out of it, and as many in and out as journeys. */
static void
check_balance(const cv_named *graph, bool binary)
{
	int64 *balance = palloc0(Max(1, graph->names) * sizeof(int64));
	const cv_flow *flow = cv_flows(graph);
	int64 journeys = 0;
	bool even = true;
	int32 i;

	for (i = 0; i < graph->count; i++)
	{
		if (flow[i].from == ENTRY)
			journeys += flow[i].count;
		else
			balance[flow[i].from] -= flow[i].count;
		if (flow[i].to != EXIT)
			balance[flow[i].to] += flow[i].count;
	}
	for (i = 0; i < graph->names; i++)
		even = even && balance[i] == 0;
	pfree(balance);
	if (even && journeys == graph->parameter[JOURNEYS])
		return;
	if (binary)
		cv_corrupt_binary(type_name, "The passages into a stage and out of it differ.");
	cv_malformed(type_name, "The passages into a stage and out of it differ.");
}

typedef struct graph_reader
{
	cv_named *graph;
	cv_flow flow;
} graph_reader;

static void
read_stage(graph_reader *reader, char *token, JsonTokenType kind, int32 *stage, int32 end)
{
	if (kind == JSON_TOKEN_NULL)
	{
		*stage = end;
		return;
	}
	if (kind != JSON_TOKEN_STRING)
		cv_malformed(type_name, "The name of a stage was expected, not \"%s\".", token);
	if (strcmp(token, entry_name) == 0 || strcmp(token, exit_name) == 0)
		cv_malformed(type_name, "A stage is named \"%s\".", token);
	reader->graph =
		cv_named_intern(reader->graph, CV_FLOW, type_name, token, (int32) strlen(token), stage);
}

static void
read_scalar(cv_json *json, char *token, JsonTokenType kind)
{
	graph_reader *reader = json->context;
	int place = json->index[json->depth];
	int64 number;

	if (json->depth > 1 && place == 0)
	{
		read_stage(reader, token, kind, &reader->flow.from, ENTRY);
		return;
	}
	if (json->depth > 1 && place == 1)
	{
		read_stage(reader, token, kind, &reader->flow.to, EXIT);
		return;
	}
	number = cv_json_integer(json, token, kind);
	if (number < 0 || (json->depth > 1 && place > 2 && number > PG_UINT32_MAX))
		cv_malformed(type_name, "\"%s\" is out of range.", token);
	if (json->depth == 1)
		reader->graph->parameter[JOURNEYS] = number;
	else if (place == 2)
		reader->flow.gap = number;
	else if (place == 3)
		reader->flow.count = (uint32) number;
	else
	{
		reader->flow.customers = (uint32) number;
		check_flow(&reader->flow, false);
		reader->graph = cv_flow_add(reader->graph, type_name, &reader->flow);
	}
}

Datum
cv_journey_graph_in(PG_FUNCTION_ARGS)
{
	graph_reader reader = { 0 };
	cv_json json = { 0 };
	const cv_named *graph;

	reader.graph = cv_named_new(type_name, CV_FLOW, 0, 4);
	json.type = type_name;
	json.form = "{\"journeys\": number, \"passages\": [[from, to, microseconds, count, "
				"customers], ...]}";
	json.shape = "{[[";
	json.width = 5;
	json.keys[0] = "passages";
	json.keys[1] = "journeys";
	json.scalar = read_scalar;
	json.context = &reader;
	cv_json_read(&json, PG_GETARG_CSTRING(0));
	graph = sorted_graph(reader.graph);
	check_balance(graph, false);
	PG_RETURN_POINTER(graph);
}

static void
append_stage(StringInfo text, const cv_named *graph, int32 stage)
{
	if (stage == ENTRY || stage == EXIT)
		appendStringInfoString(text, "null");
	else
		cv_append_name(text, graph, stage);
}

Datum
cv_journey_graph_out(PG_FUNCTION_ARGS)
{
	const cv_named *graph = sorted_graph(read_graph(fcinfo, 0));
	const cv_flow *flow = cv_flows(graph);
	StringInfoData text;
	int32 i;

	initStringInfo(&text);
	appendStringInfo(&text, "{\"journeys\": %lld, \"passages\": [",
					 (long long) graph->parameter[JOURNEYS]);
	for (i = 0; i < graph->count; i++)
	{
		appendStringInfoString(&text, i > 0 ? ", [" : "[");
		append_stage(&text, graph, flow[i].from);
		appendStringInfoString(&text, ", ");
		append_stage(&text, graph, flow[i].to);
		appendStringInfo(&text, ", %lld, %u, %u]", (long long) flow[i].gap, flow[i].count,
						 flow[i].customers);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoString(&text, "]}");
	PG_RETURN_CSTRING(text.data);
}

/* A stage's number in the binary form, in which both ends are -1. */
static int32
receive_stage(StringInfo buffer, const int32 *id, int64 names, int32 end)
{
	int32 number = (int32) pq_getmsgint(buffer, 4);

	if (number == -1)
		return end;
	if (number < 0 || number >= names)
		cv_corrupt_binary(type_name, "A stage is out of range.");
	return id[number];
}

Datum
cv_journey_graph_recv(PG_FUNCTION_ARGS)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	cv_named *graph = cv_named_new(type_name, CV_FLOW, 0, 4);
	const cv_named *stored;
	int32 *id;
	int64 names;
	int64 count;
	int64 i;

	cv_receive_begin(buffer, type_name, 0);
	graph->parameter[JOURNEYS] = pq_getmsgint64(buffer);
	if (graph->parameter[JOURNEYS] < 0)
		cv_corrupt_binary(type_name, "The number of journeys is negative.");
	id = cv_receive_names(buffer, &graph, CV_FLOW, type_name, &names);
	for (i = 0; i < names; i++)
	{
		int32 length;
		const char *name = cv_named_text(graph, (int32) i, &length);

		check_name(name, length);
	}
	count = cv_receive_count(buffer, type_name, 24);
	for (i = 0; i < count; i++)
	{
		cv_flow flow;

		flow.from = receive_stage(buffer, id, names, ENTRY);
		flow.to = receive_stage(buffer, id, names, EXIT);
		flow.gap = pq_getmsgint64(buffer);
		flow.count = pq_getmsgint(buffer, 4);
		flow.customers = pq_getmsgint(buffer, 4);
		check_flow(&flow, true);
		graph = cv_flow_add(graph, type_name, &flow);
	}
	stored = sorted_graph(graph);
	check_balance(stored, true);
	PG_RETURN_POINTER(stored);
}

Datum
cv_journey_graph_send(PG_FUNCTION_ARGS)
{
	const cv_named *graph = sorted_graph(read_graph(fcinfo, 0));
	const cv_flow *flow = cv_flows(graph);
	StringInfoData buffer;
	int32 i;

	cv_send_begin(&buffer, 0);
	pq_sendint64(&buffer, graph->parameter[JOURNEYS]);
	cv_send_names(&buffer, graph);
	pq_sendint64(&buffer, graph->count);
	for (i = 0; i < graph->count; i++)
	{
		pq_sendint32(&buffer, flow[i].from == ENTRY ? -1 : flow[i].from);
		pq_sendint32(&buffer, flow[i].to == EXIT ? -1 : flow[i].to);
		pq_sendint64(&buffer, flow[i].gap);
		pq_sendint32(&buffer, flow[i].count);
		pq_sendint32(&buffer, flow[i].customers);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
