import { toOffloadError } from '@lance-offload/base';
import { Staging } from '@lance-offload/core';
import { openStore } from '@lance-offload/delta';
import { haltingStore, type Halt } from './halting-store.ts';
import { PARTS, type Part, type Scene } from './parts.ts';

// A process that plays parts of runs, one after the other, and halts where it is asked to.

export interface Task {
  readonly part: Part;
  readonly scene: Scene;
  readonly lake: string;
  readonly halt?: Halt | undefined;
}

/** What became of a task, and the operations of its store in the order in which they were begun. */
export interface Outcome {
  readonly result: string;
  readonly operations: readonly string[];
}

async function play({ part, scene, lake, halt }: Task): Promise<Outcome> {
  const { store, operations } = haltingStore(openStore(lake), halt);
  const result = await PARTS[part](scene, new Staging(store)).catch(
    (thrown: unknown) => toOffloadError(thrown).message,
  );
  return { result, operations };
}

process.on('message', (task: Task) => void play(task).then((outcome) => process.send?.(outcome)));
