// One case of what the Vercel AI SDK sends: `node record.mjs <case>`, started by record.py in a folder with the
// packages installed. Versions 4 to 7 differ in the names of options; what is asked is the same.
import { readFileSync } from 'node:fs';
import * as ai from 'ai';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { z } from 'zod';

const major = Number(JSON.parse(readFileSync('node_modules/ai/package.json')).version.split('.')[0]);
const exporter = new OTLPTraceExporter({ url: `${process.env.OTLP_URL}/v1/traces` });
const provider = new BasicTracerProvider({
  resource: resourceFromAttributes({ 'service.name': 'shop', 'service.version': '1.2.0' }),
  spanProcessors: [new BatchSpanProcessor(exporter)],
});
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(provider);
if (major >= 7) {
  const { LegacyOpenTelemetry, OpenTelemetry } = await import('@ai-sdk/otel');
  const everything = { usage: true, embedding: true, reranking: true, runtimeContext: true, toolChoice: true };
  ai.registerTelemetry(process.env.LEGACY ? new LegacyOpenTelemetry() : new OpenTelemetry(everything));
}

const openai = createOpenAI({ baseURL: process.env.OPENAI_URL, apiKey: 'none' });
const claude = createAnthropic({ baseURL: process.env.OPENAI_URL, apiKey: 'none' })('claude-sonnet-4-5');
const chat = openai.chat('gpt-4o-mini');
const responses = major > 4 ? openai('gpt-4o-mini') : openai.responses('gpt-4o-mini');
const metadata = { sessionId: 's1', userId: 'u7', tags: ['beta', 'web'], plan: 'pro' };
const telemetry =
  major >= 7
    ? {
        runtimeContext: metadata,
        telemetry: {
          functionId: 'support',
          includeRuntimeContext: { sessionId: true, userId: true, tags: true, plan: true },
        },
      }
    : { experimental_telemetry: { isEnabled: true, functionId: 'support', metadata } };
const asked = { prompt: 'Where is my order?', maxRetries: 0, ...telemetry };
asked[major >= 7 ? 'instructions' : 'system'] = 'Be brief.';
const limit = major > 4 ? 'maxOutputTokens' : 'maxTokens';
const twice = major > 4 ? { stopWhen: (ai.stepCountIs ?? ai.isStepCount)(3) } : { maxSteps: 3 };
const object = { schema: z.object({ answer: z.string() }), ...(major > 4 ? {} : { mode: 'json' }) };
const tools = {
  search: ai.tool({
    description: 'Searches the shop.',
    [major > 4 ? 'inputSchema' : 'parameters']: z.object({ query: z.string() }),
    execute: async ({ query }) => {
      if (query === 'broken') throw new Error('the shop is closed');
      return { state: 'shipped', query };
    },
  }),
};

const cases = {
  chat: () => ai.generateText({ model: chat, temperature: 0.2, [limit]: 100, ...asked }),
  stream: () => ai.streamText({ model: chat, ...asked }).consumeStream(),
  tools: () => ai.generateText({ model: chat, tools, ...twice, ...asked }),
  'tools-stream': () => ai.streamText({ model: chat, tools, ...twice, ...asked }).consumeStream(),
  'tool-error': () => ai.generateText({ model: chat, tools, ...twice, ...asked }),
  object: () => ai.generateObject({ model: chat, ...object, ...asked }),
  'object-stream': async () => {
    for await (const _ of ai.streamObject({ model: chat, ...object, ...asked }).partialObjectStream);
  },
  embed: () => ai.embed({ model: openai.embedding('text-embedding-3-small'), value: 'red shoes', ...telemetry }),
  'embed-many': () =>
    ai.embedMany({ model: openai.embedding('text-embedding-3-small'), values: ['red shoes', 'blue'], ...telemetry }),
  image: () => {
    const image = { type: 'image', image: new URL('data:image/png;base64,iVBORw0KGgo='), mimeType: 'image/png' };
    const content = [{ type: 'text', text: 'What is this?' }, image];
    return ai.generateText({ model: chat, ...asked, prompt: undefined, messages: [{ role: 'user', content }] });
  },
  error: () => ai.generateText({ model: chat, ...asked }),
  'error-stream': () => ai.streamText({ model: chat, ...asked, onError() {} }).consumeStream(),
  responses: () => ai.generateText({ model: responses, tools, ...twice, ...asked }),
  anthropic: () => ai.generateText({ model: claude, ...asked }),
  'responses-stream': () => ai.streamText({ model: responses, ...asked }).consumeStream(),
};

await trace.getTracer('shop').startActiveSpan('request', async (span) => {
  await cases[process.argv[2]]().catch((error) => console.error(`${process.argv[2]}: ${error.message}`));
  span.end();
});
await new Promise((resolve) => setTimeout(resolve, 100)); // streams end their spans a moment after they are read
await provider.forceFlush();
