// Answers after so many milliseconds.

self.onmessage = ({ data: ms }) => {
  setTimeout(() => self.postMessage('over'), ms);
};
