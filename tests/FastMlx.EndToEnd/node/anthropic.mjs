// node anthropic.mjs URL: the official @anthropic-ai/sdk against a server that says what it is told to.
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema';
import { jsonSchemaOutputFormat } from '@anthropic-ai/sdk/helpers/json-schema';

const client = new Anthropic({ baseURL: process.argv[2], apiKey: 'k', maxRetries: 0 });
const ask = (answer, more = {}) => ({
  model: 'm', max_tokens: 200, messages: [{ role: 'user', content: `SAY[[${answer}]]` }], ...more,
});
const tools = [{
  name: 'get_weather', description: 'Weather',
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
}];
const call = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</tool_call>';

const message = await client.messages.create(ask('Hello.'));
assert.equal(message.content[0].text, 'Hello.');
assert.equal(message.stop_reason, 'end_turn');

const stream = client.messages.stream(ask('Hello you.'));
let text = '';
stream.on('text', t => { text += t; });
const final = await stream.finalMessage();
assert.equal(text, 'Hello you.');
assert.equal(final.content[0].text, 'Hello you.');
assert.ok(final.usage.output_tokens > 0);

const called = await client.messages.stream(ask(call, { tools })).finalMessage();
assert.equal(called.stop_reason, 'tool_use');
assert.deepEqual(called.content.at(-1).input, { city: 'Oslo' });

const thought = await client.messages.stream(
  ask('<think>Hm.</think>Yes.', { thinking: { type: 'enabled', budget_tokens: 1024 }, max_tokens: 2000 })).finalMessage();
assert.deepEqual(thought.content.map(b => b.type), ['thinking', 'text']);
assert.ok(thought.content[0].signature.length > 0);

const count = await client.messages.countTokens({ model: 'm', messages: [{ role: 'user', content: 'hi' }] });
assert.ok(count.input_tokens > 0);

const models = [];
for await (const model of client.models.list()) models.push(model.id);
assert.ok(models.length > 0);
assert.equal((await client.models.retrieve(models[0])).id, models[0]);

const batch = await client.messages.batches.create({ requests: [{ custom_id: 'a', params: ask('one') }] });
let state = batch;
while (state.processing_status !== 'ended') {
  await new Promise(r => setTimeout(r, 50));
  state = await client.messages.batches.retrieve(batch.id);
}
const results = [];
for await (const result of await client.messages.batches.results(batch.id)) results.push(result);
assert.equal(results[0].result.message.content[0].text, 'one');
assert.equal((await client.messages.batches.delete(batch.id)).type, 'message_batch_deleted');

const beta = await client.beta.messages.create(ask('Beta.', { betas: ['context-management-2025-06-27'] }));
assert.equal(beta.content[0].text, 'Beta.');
const betaStream = client.beta.messages.stream(ask('Beta too.'));
assert.equal((await betaStream.finalMessage()).content[0].text, 'Beta too.');
assert.ok((await client.beta.messages.countTokens({ model: 'm', messages: [{ role: 'user', content: 'hi' }] })).input_tokens > 0);

const schema = {
  type: 'object', properties: { name: { type: 'string' }, age: { type: 'integer' } },
  required: ['name', 'age'], additionalProperties: false,
};
const parsed = await client.messages.parse(ask('{"name": "Ada", "age": 36}', {
  output_config: { format: jsonSchemaOutputFormat(schema) },
}));
assert.deepEqual(parsed.parsed_output, { name: 'Ada', age: 36 });

// The runner calls the tool and sends its result: the last SAY in the prompt is then the result's.
const weather = betaTool({
  name: 'get_weather', description: 'Weather',
  inputSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  run: ({ city }) => `SAY[[It rains in ${city}.]]`,
});
const ran = await client.beta.messages.toolRunner({ ...ask(call), tools: [weather] });
assert.equal(ran.content[0].text, 'It rains in Oslo.');
const steps = [];
for await (const step of client.beta.messages.toolRunner({ ...ask(call), tools: [weather], stream: true })) {
  steps.push((await step.finalMessage()).stop_reason);
}
assert.deepEqual(steps, ['tool_use', 'end_turn']);

const { data, response } = await client.messages.create(ask('Raw.')).withResponse();
assert.equal(data._request_id, response.headers.get('request-id'));
const events = [];
for await (const event of await client.messages.create(ask('Events.', { stream: true }))) events.push(event.type);
assert.deepEqual([events[0], events.at(-1)], ['message_start', 'message_stop']);
const aborted = client.messages.stream(ask('Long. '.repeat(40)));
aborted.abort();
await assert.rejects(aborted.finalMessage(), Anthropic.APIUserAbortError);

const two = await client.beta.messages.batches.create({ requests: [{ custom_id: 'a', params: ask('one') }, { custom_id: 'b', params: ask('two') }] });
const listed = [];
for await (const one of client.messages.batches.list()) listed.push(one.id);
assert.ok(listed.includes(two.id));
await client.messages.batches.cancel(two.id);

await assert.rejects(client.messages.create({ model: 'm', max_tokens: 5, messages: [] }), Anthropic.BadRequestError);
await assert.rejects(client.models.retrieve('none'), Anthropic.NotFoundError);
console.log('ok');
