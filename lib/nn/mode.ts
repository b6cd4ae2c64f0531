/**
 * Training or evaluation for a time.
 *
 * @module
 */

/** Runs `fn` with a model in training or out of it, and puts every module back into the mode that it was in. */
export function withMode<T>(
  model: { modules(): { training: boolean }[] },
  training: boolean,
  fn: () => T,
): T {
  const modules = model.modules();
  const modes = modules.map((module) => module.training);
  for (const module of modules) module.training = training;
  try {
    return fn();
  } finally {
    modules.forEach((module, i) => module.training = modes[i]);
  }
}
