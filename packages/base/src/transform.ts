// What threads that transform pages load of this package, and none of the rest.
export {
  bytesIn,
  dictionaryTypeOf,
  doublesIn,
  floatsIn,
  longsIn,
  shell,
  showType,
  typeOf,
  wordsIn,
  type Data,
} from './arrow/arrow-data.ts';
export { describeError, OffloadError, toOffloadError } from './errors/offload-error.ts';
export { asLakeError } from './errors/system-errors.ts';
