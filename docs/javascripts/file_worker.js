// Lets the search work where the site is opened as files: a browser starts no worker from file://. This class stands in
// for Worker and runs the script in a hidden frame. It has what the search uses: postMessage, and "message" events.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super()
      const frame = document.createElement("iframe")
      frame.hidden = true
      this._ready = new Promise(resolve => frame.addEventListener("load", () => resolve(frame.contentWindow)))
      window.addEventListener("message", event => {
        if (event.source === frame.contentWindow && event.data && "fromWorker" in event.data) {
          this.dispatchEvent(new MessageEvent("message", {data: event.data.fromWorker}))
        }
      })
      const answer = "self.postMessage = data => parent.postMessage({fromWorker: data}, '*')"
      frame.srcdoc = `<script>${answer}<\/script><script src="${new URL(url, location.href)}"><\/script>`
      document.body.append(frame)
    }

    postMessage(data) {
      this._ready.then(inside => inside.dispatchEvent(new inside.MessageEvent("message", {data})))
    }
  }
}
