// (a) Drains the pages over HTTP and discards them, as many at once as two workers have under way.
const [url = '', table = '', rowsText = '', pageText = '', atOnceText = '', version = ''] =
  process.argv.slice(2);
const [rows, page, atOnce] = [Number(rowsText), Number(pageText), Number(atOnceText)];

async function drainPage(offset: number): Promise<number> {
  const response = await fetch(`${url}/v1/table/${table}/query/`, {
    method: 'POST',
    headers: {
      'x-api-key': process.env['LANCEDB_API_KEY'] ?? '',
      'content-type': 'application/json',
      accept: 'application/vnd.apache.arrow.stream',
    },
    body: JSON.stringify({
      vector: [],
      k: page,
      offset,
      version: Number(version),
      prefilter: true,
      with_row_id: true,
    }),
  });
  if (!response.ok || !response.body) throw new Error(`${response.status}: ${await response.text()}`);
  let bytes = 0;
  for await (const chunk of response.body) bytes += chunk.byteLength;
  return bytes;
}

const offsets = Array.from({ length: Math.ceil(rows / page) }, (_, index) => index * page).values();
let bytes = 0;
const started = performance.now();
await Promise.all(
  Array.from({ length: atOnce }, async () => {
    for (const offset of offsets) bytes += await drainPage(offset);
  }),
);
process.stdout.write(JSON.stringify({ seconds: (performance.now() - started) / 1000, bytes }));
