/**
 * Which of what is computed again comes back together, as one reads what another makes.
 *
 * @module
 */
import { append } from "../lists.ts";

/** What one op made and nobody uses for a while. */
export interface Group {
  /** The op. */
  readonly born: number;
  /** Its outputs that idle, and after which op. */
  storages: { storage: number; out: number }[];
  /** The first op that uses one of them again. */
  back: number;
  readonly bytes: number;
}

/**
 * What is computed again needs what it reads, which may be dropped as well: one op then brings back all of a cascade.
 * Groups are accepted as long as none grows beyond some bytes.
 */
export class Cascades {
  readonly groups: Group[] = [];
  readonly #most: number;
  /** By storage: the group that brings it back. */
  readonly #owners = new Map<number, Group>();
  /** By group: those that it needs, and those that need it. */
  readonly #needs = new Map<Group, Group[]>();
  readonly #serves = new Map<Group, Group[]>();
  /** By storage: groups that read it. */
  readonly #readers = new Map<number, Group[]>();

  constructor(most: number) {
    this.#most = most;
  }

  accepts(group: Group, sources: readonly number[]): boolean {
    const needs = [
      ...new Set(sources.map((source) => this.#owners.get(source)).filter((one) => one !== undefined)),
    ];
    const serves = [...new Set(group.storages.flatMap(({ storage }) => this.#readers.get(storage) ?? []))];
    // All that would come back together: what those need that begin the cascade.
    const below = reach(needs, this.#needs);
    const above = reach(serves, this.#serves);
    const together = reach([...above], this.#needs);
    const bytes = [...new Set([...below, ...together])].reduce((sum, one) => sum + one.bytes, group.bytes);
    if (bytes > this.#most) return false;
    this.groups.push(group);
    this.#needs.set(group, needs);
    this.#serves.set(group, serves);
    for (const one of needs) this.#serves.get(one)!.push(group);
    for (const one of serves) this.#needs.get(one)!.push(group);
    for (const { storage } of group.storages) this.#owners.set(storage, group);
    for (const source of sources) append(this.#readers, source, group);
    return true;
  }
}

/** Groups from which on others are reached, and these. */
function reach(from: readonly Group[], edges: ReadonlyMap<Group, readonly Group[]>): Set<Group> {
  const seen = new Set(from);
  for (const group of seen) for (const next of edges.get(group) ?? []) seen.add(next);
  return seen;
}
