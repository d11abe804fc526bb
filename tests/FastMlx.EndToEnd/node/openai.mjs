// node openai.mjs URL: the official openai package against a server that says what it is told to.
import assert from 'node:assert/strict';
import OpenAI from 'openai';

const client = new OpenAI({ baseURL: process.argv[2] + '/v1', apiKey: 'k', maxRetries: 0 });
const ask = (answer, more = {}) => ({ model: 'm', messages: [{ role: 'user', content: `SAY[[${answer}]]` }], ...more });
const tools = [{
  type: 'function',
  function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
}];
const call = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</tool_call>';

const chat = await client.chat.completions.create(ask('Hello.'));
assert.equal(chat.choices[0].message.content, 'Hello.');

let text = '';
let usage;
for await (const chunk of await client.chat.completions.create(
  ask('Hello you.', { stream: true, stream_options: { include_usage: true } }))) {
  text += chunk.choices[0]?.delta?.content ?? '';
  usage = chunk.usage ?? usage;
}
assert.equal(text, 'Hello you.');
assert.ok(usage.completion_tokens > 0);

const final = await client.chat.completions.stream(ask(call, { tools })).finalChatCompletion();
assert.equal(final.choices[0].finish_reason, 'tool_calls');
assert.deepEqual(JSON.parse(final.choices[0].message.tool_calls[0].function.arguments), { city: 'Oslo' });

const completion = await client.completions.create(
  { model: 'm', prompt: 'SAY[[raw]]<|im_start|>assistant\n', max_tokens: 20 });
assert.equal(completion.choices[0].text, 'raw');

const response = await client.responses.create({ model: 'm', input: 'SAY[[One.]]' });
assert.equal(response.output_text, 'One.');
assert.equal((await client.responses.retrieve(response.id)).output_text, 'One.');
const next = client.responses.stream({ model: 'm', input: 'SAY[[Two.]]', previous_response_id: response.id });
assert.equal((await next.finalResponse()).output_text, 'Two.');
await client.responses.delete(response.id);

const format = {
  type: 'json_schema', json_schema: { name: 'person', strict: true, schema: {
    type: 'object', properties: { name: { type: 'string' } }, required: ['name'], additionalProperties: false,
  } },
};
const parsed = await client.chat.completions.parse(ask('{"name": "Ada"}', { response_format: format }));
assert.equal(JSON.parse(parsed.choices[0].message.content).name, 'Ada');
const typed = await client.responses.parse({
  model: 'm', input: 'SAY[[{"name": "Bo"}]]', text: { format: { type: 'json_schema', ...format.json_schema } },
});
assert.equal(JSON.parse(typed.output_text).name, 'Bo');

// The runner calls the function and sends its result: the last SAY in the prompt is then the result's.
const runner = client.chat.completions.runTools({ ...ask(call), tools: [{
  type: 'function',
  function: { ...tools[0].function, description: 'Weather', parse: JSON.parse, function: ({ city }) => `SAY[[Sun in ${city}.]]` },
}] });
assert.equal(await runner.finalContent(), 'Sun in Oslo.');
const streamed = client.chat.completions.runTools({ ...ask(call), stream: true, tools: [{
  type: 'function',
  function: { ...tools[0].function, description: 'Weather', parse: JSON.parse, function: ({ city }) => `SAY[[Wind in ${city}.]]` },
}] });
assert.equal(await streamed.finalContent(), 'Wind in Oslo.');

const seen = [];
const calling = client.responses.stream({
  model: 'm', input: `SAY[[${call}]]`, tools: [{ type: 'function', ...tools[0].function, strict: false }],
});
for await (const event of calling) seen.push(event.type);
assert.equal(seen[0], 'response.created');
assert.equal(seen.at(-1), 'response.completed');
assert.ok(seen.includes('response.function_call_arguments.done'));
const output = (await calling.finalResponse()).output[0];
const answered = await client.responses.create({ model: 'm', input: [
  { role: 'user', content: 'weather?' }, output,
  { type: 'function_call_output', call_id: output.call_id, output: 'SAY[[Cold.]]' },
] });
assert.equal(answered.output_text, 'Cold.');
assert.ok((await client.responses.inputTokens.count({ model: 'm', input: 'hi' })).input_tokens > 0);

let raw = '';
for await (const chunk of await client.completions.create(
  { model: 'm', prompt: ['SAY[[a]]<|im_start|>assistant\n', 'SAY[[b]]<|im_start|>assistant\n'], stream: true })) {
  for (const choice of chunk.choices) raw += choice.text;
}
assert.equal(raw, 'ab');

const models = [];
for await (const model of await client.models.list()) models.push(model.id);
assert.ok(models.length > 0);

await assert.rejects(client.chat.completions.create({ model: 'm', messages: [] }), OpenAI.BadRequestError);
await assert.rejects(client.embeddings.create({ model: 'm', input: 'x' }), /no embeddings/);
await assert.rejects(client.responses.retrieve('resp_none'), OpenAI.NotFoundError);
console.log('ok');
