-- One part of the page as JSON, if its views can be read: the rows of a query, and its text.
--
-- Variables: id, needs (views, separated by a space), query.

SELECT bool_and(view = ANY (string_to_array(:'readable', ' '))) AS there
FROM unnest(string_to_array(:'needs', ' ')) AS view \gset
\if :there
SELECT '<script type="application/json" data-section="' || :'id' || '">'
       || replace(json_build_object('needs', :'needs', 'sql', :'query', 'rows', coalesce(json_agg(part), '[]'))::text, '<', '\u003c')
       || '</script>'
FROM (:query
) AS part;
\endif
