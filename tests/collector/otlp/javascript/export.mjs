// Sends one span, one event of it in a log record, and one metric with each exporter, and prints how each ended as JSON.
// Usage: node export.mjs COLLECTOR_URL COLLECTOR_GRPC_URL SERVICE

import { context, diag, trace } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from "@opentelemetry/sdk-logs";
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-node";

const [url, grpcUrl, service] = process.argv.slice(2);
const SUCCESS = 0;
const WAYS = {
  json: ["http", (signal) => ({ url: `${url}/v1/${signal}` })],
  "json-gzip": ["http", (signal) => ({ url: `${url}/v1/${signal}`, compression: "gzip" })],
  protobuf: ["proto", (signal) => ({ url: `${url}/v1/${signal}` })],
  "protobuf-gzip": ["proto", (signal) => ({ url: `${url}/v1/${signal}`, compression: "gzip" })],
  grpc: ["grpc", () => ({ url: grpcUrl })],
  "grpc-gzip": ["grpc", () => ({ url: grpcUrl, compression: "gzip" })],
};
const SIGNALS = { traces: ["trace", "OTLPTraceExporter"], logs: ["logs", "OTLPLogExporter"], metrics: ["metrics", "OTLPMetricExporter"] };

const warnings = [];
const warn = (...said) => warnings.push(said.map(String).join(" "));
diag.setLogger({ error: warn, warn, info() {}, debug() {}, verbose() {} });

async function made(way) {
  const resource = resourceFromAttributes({ "service.name": `${service}-${way}` });
  const spans = new InMemorySpanExporter();
  const records = new InMemoryLogRecordExporter();
  const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const tracers = new NodeTracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor(spans)] });
  const loggers = new LoggerProvider({ resource, processors: [new SimpleLogRecordProcessor({ exporter: records })] });
  const meters = new MeterProvider({
    resource,
    readers: [new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 3_600_000 })],
  });
  const attributes = { "gen_ai.operation.name": "chat", n: 2, half: 0.5, list: ["a", "b"], cut: "x\ud83d" };
  const span = tracers.getTracer("t", "1").startSpan("chat m", { attributes });
  loggers.getLogger("l").emit({
    eventName: "gen_ai.client.inference.operation.details",
    attributes: { "gen_ai.input.messages": [{ role: "user", parts: [{ type: "text", content: "Hello?" }] }] },
    context: trace.setSpan(context.active(), span),
  });
  span.end();
  meters.getMeter("m").createCounter("calls").add(1);
  await Promise.all([tracers.forceFlush(), loggers.forceFlush(), meters.forceFlush()]);
  return { traces: spans.getFinishedSpans(), logs: records.getFinishedLogRecords(), metrics: metrics.getMetrics()[0] };
}

const ended = {};
for (const [way, [kind, options]] of Object.entries(WAYS)) {
  const items = await made(way);
  for (const [signal, [name, type]] of Object.entries(SIGNALS)) {
    const module = await import(`@opentelemetry/exporter-${name}-otlp-${kind}`);
    const exporter = new module[type](options(signal));
    const result = await new Promise((resolve) => exporter.export(items[signal], resolve));
    ended[`${way} ${signal}`] = result.code === SUCCESS ? "success" : String(result.error);
    await exporter.shutdown();
  }
}
console.log(JSON.stringify({ ended, warnings }));
