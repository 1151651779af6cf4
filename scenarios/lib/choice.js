// Choices that are the same in every run with the same seed.
import { seed } from './env.js';

// pick returns 32 evenly spread bits for an iteration of a VU.
export function pick(vu, iteration) {
  return mix(mix(mix(seed) ^ vu) ^ iteration);
}

// What odds is asked. Each question has its own number, so that the answer to one
// does not tell that to another.
export const slow = 1;
export const write = 2;

// odds returns a number from 0 to below 1 that follows from a choice.
export function odds(choice, question) {
  return mix(choice ^ question) / 2 ** 32;
}

// mix is the finalizer of MurmurHash3.
function mix(h) {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
