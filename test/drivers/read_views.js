// Reads views through node-pg, as Evidence and many dashboards do.
//
// Standard input names them, schema.view, one a line. What it prints for each is described
// in test/drivers/check.

'use strict';

const { readFileSync } = require('fs');
const { Client } = require('pg');

const escapes = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function two(number) {
    return String(number).padStart(2, '0');
}

function write(value, type) {
    if (value === null) return '\\N';
    if (typeof value === 'boolean') return value ? 't' : 'f';
    if (typeof value === 'number' && type === 'float8') {
        const bytes = Buffer.alloc(8);
        bytes.writeDoubleBE(value);
        return bytes.toString('hex');
    }
    // A day is midnight of the session's zone.
    if (type === 'date') return `${value.getFullYear()}-${two(value.getMonth() + 1)}-${two(value.getDate())}`;
    if (value instanceof Date) return String(value.getTime() * 1000);
    return String(value).replace(/[\\\t\n\r]/g, (letter) => escapes[letter]);
}

function kind(value) {
    return value instanceof Date ? 'Date' : typeof value;
}

async function main() {
    const client = new Client();
    await client.connect();
    const types = new Map((await client.query('SELECT oid, typname FROM pg_type')).rows.map((type) => [type.oid, type.typname]));
    const out = [];
    for (const name of readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
        const { fields, rows } = await client.query({ text: `SELECT * FROM ${name}`, rowMode: 'array' });
        out.push(`view\t${name}`);
        fields.forEach((field, place) => {
            const kinds = new Set(rows.map((row) => row[place]).filter((value) => value !== null).map(kind));
            out.push(`column\t${field.name}\t${[...kinds].sort().join(' ')}`);
        });
        for (const row of rows) {
            out.push(['row', ...row.map((value, place) => write(value, types.get(fields[place].dataTypeID)))].join('\t'));
        }
    }
    out.push('end');
    process.stdout.write(out.join('\n') + '\n');
    await client.end();
}

main().catch((error) => {
    console.error(error);
    process.exitCode = 1;
});
