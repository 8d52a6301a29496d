// A small program that stands in for a component where only its being a process matters: it answers like one, appends its
// end to a file, and misbehaves as the behaviour file tells it to.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [, , component = '', port = '', behaviourFile = '', endsFile = '', dataFile = ''] = process.argv;
const behaviour = readFileSync(behaviourFile, 'utf8').trim();

// Before its first word, since a test may end it as soon as it has spoken.
process.on('SIGTERM', () => {
  if (behaviour === 'stubborn') return;
  appendFileSync(endsFile, `${component}\n`);
  if (behaviour.startsWith('empty-start')) writeFileSync(dataFile, 'overwritten with nothing');
  process.exit(0);
});
console.log(`small ${component} begins: ${behaviour}`);

if (behaviour.startsWith('die ')) {
  console.error(behaviour.slice('die '.length));
  process.exit(3);
}
if (behaviour.startsWith('empty-start'))
  console.error('level=error msg="could not load persisted metrics" err="gob: bad data"');

let appended = 0;
const server = createServer((request, response) => {
  appended += 10;
  if (request.headers.authorization !== `Basic ${Buffer.from('holdfast:secret').toString('base64')}`) {
    response.writeHead(401).end('Unauthorized');
    return;
  }
  response.end(
    request.url === '/api/health'
      ? '{"database": "ok"}'
      : `node_exporter_build_info{version="1"} 1\nprometheus_tsdb_head_max_time ${Date.now()}\n` +
          `prometheus_tsdb_head_samples_appended_total ${behaviour === 'silent' ? 0 : appended}\n`,
  );
});
if (!behaviour.endsWith('deaf')) server.listen(Number(port), '127.0.0.1');
setInterval(() => undefined, 60_000);
