// Runs exported models with onnxruntime-node, which knows nothing of this project.
// node run.js NODE_MODULES REQUESTS.json
// REQUESTS.json: [{"model": "m.onnx", "inputs": {"input_ids": {"shape": [1, 3], "values": [1, 2, 3]}}}, ...]
// Prints the outputs of each: [{"logits": [...]}, ...]
const { readFileSync } = require("node:fs");
const path = require("node:path");
const ort = require(path.resolve(process.argv[2], "onnxruntime-node"));

async function run({ model, inputs }) {
  const feeds = Object.fromEntries(Object.entries(inputs).map(
    ([name, { shape, values }]) => [name, new ort.Tensor("int64", BigInt64Array.from(values, BigInt), shape)]));
  const session = await ort.InferenceSession.create(model);
  const results = await session.run(feeds);
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, Array.from(data, Number)]));
}

async function main() {
  const outputs = [];
  for (const request of JSON.parse(readFileSync(process.argv[3], "utf8")))
    outputs.push(await run(request));
  console.log(JSON.stringify(outputs));
}

main();
