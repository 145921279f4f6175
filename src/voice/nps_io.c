/*
 * nps_io.c: text and binary forms of NPS summaries.
 *
 * Text: {"promoters": 45, "passives": 30, "detractors": 25}; with weights also the sums of
 * the weights and of their squares: "weights": [p, a, d], "squares": [p, a, d].
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "voice/voice.h"

static const char *const class_name[CV_NPS_CLASSES] = { "detractors", "passives", "promoters" };

PG_FUNCTION_INFO_V1(cv_nps_summary_in);
PG_FUNCTION_INFO_V1(cv_nps_summary_out);
PG_FUNCTION_INFO_V1(cv_nps_summary_recv);
PG_FUNCTION_INFO_V1(cv_nps_summary_send);

static void
read_sums(cv_document *document, const char *key, cv_sum *sum)
{
	JsonbContainer *list = cv_document_array(document, key);
	int i;

	if (JsonContainerSize(list) != CV_NPS_CLASSES)
		cv_malformed(document->type, "\"%s\" must be an array of %d sums.", key, CV_NPS_CLASSES);
	for (i = 0; i < CV_NPS_CLASSES; i++)
		cv_read_sum(getIthJsonbValueFromContainer(list, i), document->type, key,
					&sum[CV_PROMOTERS - i]);
}

Datum
cv_nps_summary_in(PG_FUNCTION_ARGS)
{
	cv_document document =
		cv_document_open(PG_GETARG_CSTRING(0), cv_nps_summary_type,
						 "{\"promoters\": number, \"passives\": number, \"detractors\": number}");
	JsonbContainer *root = &document.object->root;
	bool weighted = getKeyJsonValueFromContainer(root, "weights", 7, NULL) != NULL ||
					getKeyJsonValueFromContainer(root, "squares", 7, NULL) != NULL;
	cv_nps_summary *summary = cv_nps_new(weighted);
	const char *fault;
	int i;

	for (i = CV_PROMOTERS; i >= 0; i--)
		summary->count[i] = cv_document_integer(&document, class_name[i], 0, PG_INT64_MAX);
	if (weighted)
	{
		read_sums(&document, "weights", summary->sums[0].weight);
		read_sums(&document, "squares", summary->sums[0].square);
	}
	cv_document_close(&document);
	fault = cv_nps_fault(summary);
	if (fault)
		cv_malformed(cv_nps_summary_type, "%s", fault);
	PG_RETURN_POINTER(summary);
}

static void
append_sums(StringInfo text, const char *key, const cv_sum *sum)
{
	int i;

	appendStringInfo(text, ", \"%s\": [", key);
	for (i = CV_PROMOTERS; i >= 0; i--)
	{
		cv_append_sum(text, &sum[i]);
		appendStringInfoString(text, i > 0 ? ", " : "]");
	}
}

Datum
cv_nps_summary_out(PG_FUNCTION_ARGS)
{
	const cv_nps_summary *summary = cv_nps_normal(cv_nps_arg(fcinfo, 0));
	StringInfoData text;
	int i;

	initStringInfo(&text);
	for (i = CV_PROMOTERS; i >= 0; i--)
		appendStringInfo(&text, "%s\"%s\": %lld", i == CV_PROMOTERS ? "{" : ", ", class_name[i],
						 (long long) summary->count[i]);
	if (summary->header.flags & CV_NPS_WEIGHTED)
	{
		append_sums(&text, "weights", summary->sums[0].weight);
		append_sums(&text, "squares", summary->sums[0].square);
	}
	appendStringInfoChar(&text, '}');
	PG_RETURN_CSTRING(text.data);
}

Datum
cv_nps_summary_recv(PG_FUNCTION_ARGS)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	bool weighted = cv_receive_begin(buffer, cv_nps_summary_type, CV_NPS_WEIGHTED) != 0;
	cv_nps_summary *summary = cv_nps_new(weighted);
	const char *fault;
	int i;

	for (i = 0; i < CV_NPS_CLASSES; i++)
		summary->count[i] = pq_getmsgint64(buffer);
	for (i = 0; weighted && i < CV_NPS_CLASSES; i++)
	{
		cv_receive_sum(buffer, cv_nps_summary_type, &summary->sums[0].weight[i]);
		cv_receive_sum(buffer, cv_nps_summary_type, &summary->sums[0].square[i]);
	}
	fault = cv_nps_fault(summary);
	if (fault)
		cv_corrupt_binary(cv_nps_summary_type, fault);
	PG_RETURN_POINTER(summary);
}

Datum
cv_nps_summary_send(PG_FUNCTION_ARGS)
{
	const cv_nps_summary *summary = cv_nps_normal(cv_nps_arg(fcinfo, 0));
	StringInfoData buffer;
	int i;

	cv_send_begin(&buffer, summary->header.flags);
	for (i = 0; i < CV_NPS_CLASSES; i++)
		pq_sendint64(&buffer, summary->count[i]);
	if (summary->header.flags & CV_NPS_WEIGHTED)
		for (i = 0; i < CV_NPS_CLASSES; i++)
		{
			cv_send_sum(&buffer, &summary->sums[0].weight[i]);
			cv_send_sum(&buffer, &summary->sums[0].square[i]);
		}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
