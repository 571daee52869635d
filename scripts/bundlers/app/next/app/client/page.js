"use client";

import { useEffect, useState } from "react";
import { job } from "../../../job.js";

export default function Page() {
  const [text, setText] = useState("");
  useEffect(() => {
    job().then(setText);
  }, []);
  return <output>{text}</output>;
}
