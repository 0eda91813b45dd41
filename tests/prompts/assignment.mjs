// The rule of docs/ab_tests.md, written from its words: reads {salt, test, coverage, weights, units}, answers [[covered, arm], …].
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

const share = (salt, test, unit) => {
  const digits = createHash("sha256").update(`${salt}:${test}:${unit}`, "utf8").digest("hex").slice(0, 13);
  return parseInt(digits, 16) / 16 ** 13;
};

const armAt = (point, weights) => {
  let end = 0;
  for (const [arm, weight] of weights) {
    end += weight;
    if (point < end) return arm;
  }
  return weights[weights.length - 1][0];
};

const { salt, test, coverage, weights, units } = JSON.parse(readFileSync(0, "utf8"));
const places = units.map((unit) => [
  share(`${salt}.coverage`, test, unit) < coverage,
  armAt(share(salt, test, unit), weights),
]);
process.stdout.write(JSON.stringify(places));
