// Numbers, money, instants and durations as people read them.

const wholeNumber = new Intl.NumberFormat();
const dayAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' });
const shortDayAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

export function count(number) {
  return wholeNumber.format(number);
}

/** '1 seat', '2 seats'. */
export function counted(number, one, many) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** @param amount a decimal string as the API gives it */
export function money(amount, currency) {
  return new Intl.NumberFormat(undefined, { style: 'currency', currency }).format(amount);
}

/** Adds decimal strings exactly: in cents. */
export function sum(amounts) {
  const cents = amounts.reduce((total, amount) => total + Math.round(Number(amount) * 100), 0);
  return (cents / 100).toFixed(2);
}

export function instant(text) {
  return dayAndTime.format(new Date(text));
}

export function shortInstant(text) {
  return shortDayAndTime.format(new Date(text));
}

/** '2 d 03:04:05', '3:04:05' or '4:05': what a countdown shows. */
export function clockFace(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  const two = (number) => String(number).padStart(2, '0');
  if (days > 0) return `${days} d ${two(hours)}:${two(minutes)}:${two(seconds % 60)}`;
  if (hours > 0) return `${hours}:${two(minutes)}:${two(seconds % 60)}`;
  return `${minutes}:${two(seconds % 60)}`;
}

/** 'about 3 minutes': as exact as an estimate deserves. */
export function roughly(seconds) {
  if (seconds < 60) return `about ${counted(Math.max(1, seconds), 'second', 'seconds')}`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 120) return `about ${counted(minutes, 'minute', 'minutes')}`;
  return `about ${counted(Math.round(minutes / 60), 'hour', 'hours')}`;
}
