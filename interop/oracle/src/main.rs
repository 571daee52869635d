//! The reference implementation as a filter, for tests that compare with it.
//!
//! `oracle read`: takes files on standard input, each as its length (u32, little-endian) and its bytes, and
//! answers each with one line of JSON: `{"metadata":…,"tensors":[[name,dtype,shape,begin,end],…]}` or
//! `{"error":name,"detail":…}`, the name being the `SafeTensorError` variant, or `panic`.
//!
//! `oracle write`: takes lines of JSON, `{"tensors":[{"name":…,"dtype":…,"shape":[…],"data":hex},…],"metadata":…}`,
//! and answers each with the file that the reference serializer makes of it, as its length and its bytes.

use std::collections::HashMap;
use std::error::Error;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::panic;

use safetensors::tensor::{serialize, Dtype, SafeTensorError, SafeTensors, TensorView};
use serde_json::{json, Value};

fn main() -> Result<(), Box<dyn Error>> {
    let mut input = BufReader::new(io::stdin().lock());
    let mut output = BufWriter::new(io::stdout().lock());
    match std::env::args().nth(1).as_deref() {
        Some("read") => read_files(&mut input, &mut output)?,
        Some("write") => write_files(&mut input, &mut output)?,
        _ => return Err("usage: oracle read|write".into()),
    }
    output.flush()?;
    Ok(())
}

fn read_files(input: &mut impl Read, output: &mut impl Write) -> Result<(), Box<dyn Error>> {
    panic::set_hook(Box::new(|_| {}));
    let mut file = Vec::new();
    let mut length = [0; 4];
    while input.read_exact(&mut length).is_ok() {
        file.resize(u32::from_le_bytes(length) as usize, 0);
        input.read_exact(&mut file)?;
        let answer = panic::catch_unwind(|| describe(&file))
            .unwrap_or_else(|_| json!({ "error": "panic", "detail": "" }));
        writeln!(output, "{answer}")?;
        // Whoever asks one file at a time is waiting for the line.
        output.flush()?;
    }
    Ok(())
}

fn describe(file: &[u8]) -> Value {
    let (_, metadata) = match SafeTensors::read_metadata(file) {
        Ok(read) => read,
        Err(error) => return json!({ "error": variant(&error), "detail": error.to_string() }),
    };
    let mut tensors: Vec<_> = metadata
        .tensors()
        .into_iter()
        .map(|(name, info)| (info.data_offsets, name, info))
        .collect();
    tensors.sort_by(|(a, left, _), (b, right, _)| (a, left).cmp(&(b, right)));
    let tensors: Vec<_> = tensors
        .iter()
        .map(|((begin, end), name, info)| json!([name, info.dtype.to_string(), info.shape, begin, end]))
        .collect();
    json!({ "metadata": metadata.metadata(), "tensors": tensors })
}

fn variant(error: &SafeTensorError) -> String {
    let debug = format!("{error:?}");
    debug.chars().take_while(char::is_ascii_alphanumeric).collect()
}

fn write_files(input: &mut impl BufRead, output: &mut impl Write) -> Result<(), Box<dyn Error>> {
    for line in input.lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let mut contents = Vec::new();
        for tensor in request["tensors"].as_array().ok_or("no tensors")? {
            let name = tensor["name"].as_str().ok_or("no name")?.to_string();
            let dtype: Dtype = serde_json::from_value(tensor["dtype"].clone())?;
            let shape: Vec<usize> = serde_json::from_value(tensor["shape"].clone())?;
            contents.push((name, dtype, shape, bytes_of(tensor["data"].as_str().ok_or("no data")?)?));
        }
        let views = contents
            .iter()
            .map(|(name, dtype, shape, data)| Ok((name, TensorView::new(*dtype, shape.clone(), data)?)))
            .collect::<Result<Vec<_>, SafeTensorError>>()?;
        let metadata: Option<HashMap<String, String>> = serde_json::from_value(request["metadata"].clone())?;
        let file = serialize(views, metadata)?;
        output.write_all(&u32::try_from(file.len())?.to_le_bytes())?;
        output.write_all(&file)?;
        output.flush()?;
    }
    Ok(())
}

fn bytes_of(hex: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    (0..hex.len())
        .step_by(2)
        .map(|at| Ok(u8::from_str_radix(hex.get(at..at + 2).ok_or("half a byte")?, 16)?))
        .collect()
}
