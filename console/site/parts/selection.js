/** Which clients are ticked: some of those shown, or all of a list. */

export class Selection extends EventTarget {
  /** @type {Set<string>} */
  #chosen = new Set();
  #all = false;

  get all() {
    return this.#all;
  }

  get ids() {
    return [...this.#chosen];
  }

  get size() {
    return this.#chosen.size;
  }

  /** @param {string} id */
  has(id) {
    return this.#all || this.#chosen.has(id);
  }

  /** @param {Iterable<string>} ids @param {boolean} ticked */
  set(ids, ticked) {
    this.#all = false;
    for (const id of ids) ticked ? this.#chosen.add(id) : this.#chosen.delete(id);
    this.#changed();
  }

  /** Choose everyone the list holds, shown or not. */
  chooseAll() {
    this.#all = true;
    this.#changed();
  }

  clear() {
    this.#all = false;
    this.#chosen.clear();
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
