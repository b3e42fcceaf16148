/** What the person who is signed in may do: the page offers nothing that the API would refuse. */

const ARCHIVERS = ["client-archivers", "practice-managers"];
const MANAGERS = ["practice-managers"];

/** @type {string[]} */
let held = [];

let readersSeeMoney = false;

/** @param {string[]} roles */
export const setRoles = (roles) => (held = roles);

/** @param {boolean} allowed what the practice has decided */
export const letReadersSeeMoney = (allowed) => (readersSeeMoney = allowed);

/** What clients owe and have left. */
export const seesMoney = () => mayArchive() || readersSeeMoney;

/** Archive, activate, add and change clients. */
export const mayArchive = () => held.some((role) => ARCHIVERS.includes(role));

/** Change the practice: groups and settings. */
export const mayManage = () => held.some((role) => MANAGERS.includes(role));
