// The address says what is shown: it follows, but not at every step of a key that is held down.

const addressChanges = {};
let addressTimer = 0;

/** Put these into the query of the address; "" and null take them out. */
export function changeAddress(given) {
  Object.assign(addressChanges, given);
  clearTimeout(addressTimer);
  addressTimer = setTimeout(writeAddress, 120);
}

/** The address as it will be. */
export function addressNow() {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(addressChanges)) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  url.searchParams.delete("rows");
  return url;
}

function writeAddress() {
  history.replaceState(null, "", addressNow());
  for (const name of Object.keys(addressChanges)) delete addressChanges[name];
}
