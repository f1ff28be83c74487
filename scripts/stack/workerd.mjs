export async function edge() { throw new Error('not yet'); }
