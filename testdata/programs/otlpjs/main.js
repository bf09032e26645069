// Writes spans of the JavaScript SDK as OTLP/JSON. The wall clock jumps ahead by ten seconds between the start and the first
// event of the outer span: what the SDK stamps by the wall clock shows the jump, what it counts on from the span's start does not.
const { NodeTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-node');
const { resourceFromAttributes, defaultResource } = require('@opentelemetry/resources');
const { JsonTraceSerializer } = require('@opentelemetry/otlp-transformer');
const { trace, context } = require('@opentelemetry/api');

const wall = Date.now;
let jumped = 0;
Date.now = () => wall() + jumped;

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({
  resource: defaultResource().merge(resourceFromAttributes({ 'service.name': 'portal', 'host.name': 'js-1' })),
  spanProcessors: [new SimpleSpanProcessor(exporter)],
});
const tracer = provider.getTracer('otlpjs');
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

(async () => {
  const outer = tracer.startSpan('outer');
  await sleep(5);
  jumped = 10_000;
  outer.addEvent('behind the jump');
  const inner = tracer.startSpan('inner', {}, trace.setSpan(context.active(), outer));
  await sleep(5);
  inner.end();
  outer.end();
  process.stdout.write(Buffer.from(JsonTraceSerializer.serializeRequest(exporter.getFinishedSpans())));
  process.stdout.write('\n');
})();
